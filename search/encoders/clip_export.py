"""Writes what `search.encoders.clip_onnx` reads.

``python -m search.encoders.clip_export KIND SPEC OUT``: OUT is a folder with ``image.onnx`` and
``text.onnx``, from preprocessed inputs to unit vectors; the tokenizer and the image processor of
the model; and ``serving.json``, which says how to use them. It is a process of its own, because
it needs torch and the processes that serve should not.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from search.encoders.clip import INT8
from search.encoders.clip_pixels import Recipe, prepare
from search.encoders.clip_torch import FIXED_LENGTH, load
from search.encoders.sources import Source

if TYPE_CHECKING:
    import torch

OPSET: Final = 17
PROBES: Final = ((97, 64), (64, 131), (300, 300))
"""Sizes of the pictures on which our own preprocessing must be the model's."""


def main(spec: dict[str, Any], out: Path) -> None:
    import torch

    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    text = Source(**spec["text"])
    image = Source(**spec["image"]) if spec["image"] else text
    # Eager attention: plain matrix products, which can be quantised, in any length of sentence.
    models = load(text, image, model_kwargs={"attn_implementation": "eager"})
    out.mkdir(parents=True)
    serving = {
        "pixels": export_image(models.image, out),
        "text": export_text(models.text, out),
    }
    (out / "serving.json").write_text(json.dumps(serving, indent=1))
    if spec["runtime"] == INT8:
        for name in ("image.onnx", "text.onnx"):
            quantise(out / name)


def export_image(model: Any, out: Path) -> dict[str, Any] | None:
    """``pixel_values`` float32 (n, 3, side, side) → (n, dim). What it returns is the recipe of our
    own preprocessing, or None where only the model's own does the same."""
    processor = model[0].processor
    processor = getattr(processor, "image_processor", processor)
    processor.save_pretrained(out)
    photos = [_noise(number, size) for number, size in enumerate(PROBES)]
    expected = processor(images=photos, return_tensors="np")["pixel_values"]
    _write(model, {"pixel_values": expected[:2]}, "image", out / "image.onnx", {0: "n"})
    recipe = Recipe.of(processor.to_dict())
    if recipe is None or np.abs(prepare(photos, recipe) - expected).max() > 1e-4:
        return None
    return recipe.to_json()


def export_text(model: Any, out: Path) -> dict[str, Any]:
    """Tokens, int64 (n, t) → (n, dim). What it returns is how to make tokens."""
    first = model[0]
    tokenizer = first.tokenizer
    tokenizer.save_pretrained(out)
    config = first.config
    fixed = config.model_type in FIXED_LENGTH
    limit = first.max_seq_length or tokenizer.model_max_length
    if fixed:
        limit = config.text_config.max_position_embeddings
    names = ["input_ids", "attention_mask"]
    names = [name for name in names if name in tokenizer.model_input_names]
    tokens = tokenizer(
        ["a red shoe", "shoe"],
        padding="max_length" if fixed else True,
        max_length=limit,
        truncation=True,
        return_tensors="np",
    )
    example = {name: tokens[name].astype(np.int64) for name in names}
    axes = {0: "n"} if fixed else {0: "n", 1: "t"}
    _write(model, example, "text", out / "text.onnx", axes)
    return {
        "inputs": names,
        "max_tokens": int(limit),
        "pad_to_max": fixed,
        "pad_id": int(tokenizer.pad_token_id),
        "pad_token": str(tokenizer.pad_token),
        "fast": (out / "tokenizer.json").is_file(),
    }


def quantise(path: Path) -> None:
    """Weights as int8 once, activations at each run (dynamic quantisation).

    Seven bits of them: without VNNI, sums of two products of eight bits saturate.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    small = path.with_suffix(".int8")
    quantize_dynamic(
        path,
        small,
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=True,
        op_types_to_quantize=["MatMul", "Gemm"],
    )
    os.replace(small, path)


def _write(
    model: Any, example: dict[str, Any], modality: str, path: Path, axes: dict[int, str]
) -> None:
    import torch

    names = list(example)

    class Tower(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            features = dict(zip(names, inputs, strict=True))
            found = self.model({**features, "modality": modality})["sentence_embedding"]
            unit: torch.Tensor = torch.nn.functional.normalize(found, dim=1)
            return unit

    torch.onnx.export(
        Tower().requires_grad_(False).eval(),
        tuple(torch.from_numpy(np.ascontiguousarray(example[name])) for name in names),
        str(path),
        input_names=names,
        output_names=["features"],
        dynamic_axes={**dict.fromkeys(names, axes), "features": {0: "n"}},
        opset_version=OPSET,
        dynamo=False,  # the dynamo exporter needs onnxscript, and its graph is no faster
    )


def _noise(seed: int, size: tuple[int, int]) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


if __name__ == "__main__":
    main(json.loads(sys.argv[2]), Path(sys.argv[3]))
