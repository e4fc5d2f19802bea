"""Text towers that can be differentiated: for prompts that are learned instead of written.

Optional for an encoder: ``encoder.prompt_tower()`` gives one. Learned context vectors take the
place of placeholder words in front of a text, inside of the tower's own forward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from search.encoders.heads import Head

if TYPE_CHECKING:
    import torch

PLACEHOLDER: Final = "x"
"""One token to every tokenizer we know."""
FIRST: Final = 1
"""Place of the first placeholder, behind the token that begins a sequence."""


class PromptTower(Protocol):
    """The text tower of one encoder, in torch, frozen."""

    @property
    def width(self) -> int:
        """Length of a token's embedding."""

    def encode(self, texts: Sequence[str], context: torch.Tensor) -> torch.Tensor:
        """(n, dim), unit length, differentiable in ``context``: (m, width) for all texts, or
        (n, m, width), read before each text."""


class _Hooked:
    """Puts context into the output of an embedding layer while a forward pass runs."""

    def __init__(self, embedding: Any, forward: Callable[[list[str]], torch.Tensor]) -> None:
        self._embedding, self._forward = embedding, forward

    @property
    def width(self) -> int:
        return int(self._embedding.weight.shape[1])

    def encode(self, texts: Sequence[str], context: torch.Tensor) -> torch.Tensor:
        import torch

        length = context.shape[-2]

        def put(module: Any, inputs: Any, output: torch.Tensor) -> torch.Tensor:
            own = context.expand(output.shape[0], length, -1).to(output.dtype)
            return torch.cat([output[:, :FIRST], own, output[:, FIRST + length :]], dim=1)

        handle = self._embedding.register_forward_hook(put)
        try:
            vectors = self._forward([" ".join([PLACEHOLDER] * length + [text]) for text in texts])
        finally:
            handle.remove()
        return torch.nn.functional.normalize(vectors, dim=-1)


def lite_tower(spec: dict[str, Any], head: Head) -> PromptTower:
    """Of `lite`: MiniLM from its package, and the trained head."""
    import numpy as np
    import torch
    from tokenizers import Tokenizer

    from search.encoders.backbones import backbone_path
    from search.encoders.export import text_tower

    tower = text_tower(spec)
    tokenizer = Tokenizer.from_file(str(backbone_path(spec["package"]).parent / "tokenizer.json"))
    tokenizer.enable_truncation(int(spec["max_tokens"]))
    tokenizer.enable_padding()
    part = {name: torch.from_numpy(getattr(head, name).copy()) for name in Head.__slots__}

    def forward(texts: list[str]) -> torch.Tensor:
        tokens = tokenizer.encode_batch(texts)
        ids = torch.from_numpy(np.array([t.ids for t in tokens], np.int64))
        mask = torch.from_numpy(np.array([t.attention_mask for t in tokens], np.int64))
        # As `search.encoders.heads.Head`, which numpy cannot differentiate.
        x = (tower(ids, mask) - part["mean"]) * part["scale"]
        hidden = x @ part["w1"].T + part["b1"]
        hidden = torch.nn.functional.layer_norm(
            hidden, hidden.shape[-1:], part["gain"], part["shift"], eps=1e-5
        )
        hidden = torch.nn.functional.silu(hidden)
        result: torch.Tensor = hidden @ part["w2"].T + part["b2"] + x @ part["w3"].T
        return result

    bert: Any = tower.bert
    return _Hooked(bert.embeddings.word_embeddings, forward)


def clip_tower(model: Any) -> PromptTower:
    """Of a sentence-transformers CLIP that is loaded."""
    for parameter in model.parameters():
        parameter.requires_grad_(False)

    def forward(texts: list[str]) -> torch.Tensor:
        vectors: torch.Tensor = model(model.preprocess(texts))["sentence_embedding"]
        return vectors

    return _Hooked(_token_embedding(model), forward)


def _token_embedding(model: Any) -> Any:
    """The layer that turns tokens into vectors: the one embedding that is called so."""
    for name, module in model.named_modules():
        if name.rpartition(".")[2] in {"token_embedding", "word_embeddings"}:
            return module
    raise ValueError("The text tower has no layer of token embeddings.")
