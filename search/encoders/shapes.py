"""Models of the published shapes with random weights: to measure speed, size and memory.

They say nothing of quality. A matrix product takes as long whatever the numbers are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast


@dataclass(frozen=True, slots=True)
class Shape:
    """Widths of both towers, as the model's config has them."""

    vision: tuple[int, int, int]
    """Hidden size, layers, heads; four times the size between."""
    text: tuple[int, int, int]
    patch: int
    dim: int
    side: int = 224


SHAPES: Final = {
    "vit-b-32": Shape((768, 12, 12), (512, 12, 8), 32, 512),
    "vit-b-16": Shape((768, 12, 12), (512, 12, 8), 16, 512),
    "vit-l-14": Shape((1024, 24, 16), (768, 12, 12), 14, 768),
}
"""CLIP ViT-B/32, ViT-B/16 and ViT-L/14 (Radford et al. 2021, table 20)."""

VOCABULARY: Final = 49_408
LONGEST: Final = 77


def build_random_clip(folder: Path, shape: Shape, *, seed: int = 0, vocabulary: int = 0) -> Path:
    """Save a CLIP with its processor under ``folder`` as transformers would."""
    import torch
    from transformers.models.clip import image_processing_pil_clip

    library, processors = _transformers(), cast(Any, image_processing_pil_clip)
    tokenizer = byte_tokenizer()
    names = ("hidden_size", "num_hidden_layers", "num_attention_heads")
    text: dict[str, Any] = dict(zip(names, shape.text, strict=True))
    vision: dict[str, Any] = dict(zip(names, shape.vision, strict=True))
    text |= {
        "intermediate_size": 4 * shape.text[0],
        "vocab_size": max(vocabulary, len(tokenizer)),
        "max_position_embeddings": LONGEST,
        "projection_dim": shape.dim,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    vision |= {
        "intermediate_size": 4 * shape.vision[0],
        "image_size": shape.side,
        "patch_size": shape.patch,
        "projection_dim": shape.dim,
    }
    config = library.CLIPConfig(text_config=text, vision_config=vision, projection_dim=shape.dim)
    torch.manual_seed(seed)
    library.CLIPModel(config).eval().save_pretrained(folder)
    pixels = processors.CLIPImageProcessorPil(
        size={"shortest_edge": shape.side},
        crop_size={"height": shape.side, "width": shape.side},
    )
    library.CLIPProcessor(image_processor=pixels, tokenizer=tokenizer).save_pretrained(folder)
    return folder


def byte_tokenizer() -> Any:
    """CLIP's tokenizer with a vocabulary of single bytes."""
    characters = _byte_alphabet()
    tokens = [*characters, *(f"{c}</w>" for c in characters), "<|startoftext|>", "<|endoftext|>"]
    # `vocab_file=` is silently ignored by transformers 5: the vocabulary must be given as a dict.
    return _transformers().CLIPTokenizerFast(
        vocab={token: i for i, token in enumerate(tokens)}, merges=[], model_max_length=LONGEST
    )


def _transformers() -> Any:
    """The library, whose types say less than it does."""
    import transformers

    return transformers


def _byte_alphabet() -> list[str]:
    """The 256 printable stand-ins for bytes of GPT-2's byte-pair encoding."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(c) for c in printable] + [chr(256 + i) for i in range(len(others))]
