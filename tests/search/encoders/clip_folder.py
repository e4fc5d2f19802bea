"""A CLIP folder small enough for a test: random weights, a byte-level vocabulary, real files."""

from __future__ import annotations

from pathlib import Path


def build_clip_folder(folder: Path, *, seed: int = 0, dim: int = 24) -> Path:
    """Save a 2-layer CLIP with its processor under ``folder`` as transformers would."""
    import torch
    from transformers import (
        CLIPConfig,
        CLIPImageProcessor,
        CLIPModel,
        CLIPProcessor,
        CLIPTokenizerFast,
    )

    characters = _byte_alphabet()
    tokens = [*characters, *(f"{c}</w>" for c in characters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    start, end = vocabulary["<|startoftext|>"], vocabulary["<|endoftext|>"]
    # `vocab_file=` is silently ignored by transformers 5: the vocabulary must be given as a dict.
    tokenizer = CLIPTokenizerFast(vocab=vocabulary, merges=[], model_max_length=77)
    layers = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    config = CLIPConfig(
        text_config={
            **layers,
            "num_attention_heads": 2,
            "vocab_size": len(vocabulary),
            "max_position_embeddings": 77,
            "projection_dim": dim,
            "bos_token_id": start,
            "eos_token_id": end,
            "pad_token_id": end,
        },
        vision_config={
            **layers,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 8,
            "projection_dim": dim,
        },
        projection_dim=dim,
    )
    torch.manual_seed(seed)
    CLIPModel(config).eval().save_pretrained(folder)
    sizes = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    processor = CLIPProcessor(image_processor=CLIPImageProcessor(**sizes), tokenizer=tokenizer)
    processor.save_pretrained(folder)
    return folder


def _byte_alphabet() -> list[str]:
    """The 256 printable stand-ins for bytes of GPT-2's byte-pair encoding."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(c) for c in printable] + [chr(256 + i) for i in range(len(others))]
