"""What a run learns from: photos, what is known of them, and the sentences that say it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from search.encoders.colours import Floats
from search.training.captions import Codes
from search.training.metrics import Labelled
from search.training.model import Tensors
from search.training.photos import Framing


@dataclass(frozen=True, slots=True)
class Material:
    """Everything a run learns from and is stopped by; rows are photos."""

    framing: Framing
    """The photos, framed."""
    known: Codes
    """(n, a) values of the photos."""
    model: npt.NDArray[np.int64]
    """(n,) number of the model that a photo shows."""
    name: npt.NDArray[np.int64]
    """(n,) number of the model among ``names``; -1 where it is none of them."""
    names: Sequence[str]
    """The models that have a proxy: those with several train photos."""
    log_prior: Floats
    """(len(names),) log of each one's share of the train photos."""
    labels: Labelled
    """Names of the same; its vectors are not read."""
    train: npt.NDArray[np.intp]
    validation: npt.NDArray[np.intp]
    sentences: Floats
    """(t, e) sentence vectors."""
    captions: npt.NDArray[np.int64]
    """(n, c) which sentence each of a photo's captions is; -1 for none."""
    claims: npt.NDArray[np.int64]
    """(n, c, a) what each caption claims."""
    value_prompts: Mapping[int, npt.NDArray[np.int64]]
    """Column of ``known`` → (values, p) the sentences that say a value, by its number."""
    colour_column: int
    prompt_rows: dict[str, int]
    """The sentence number of every text that validation asks for."""
    palette: Floats
    """(k, 3) colours to count, CIELAB."""
    tower_sha256: str
    """Of the weights that the tower starts from."""
    start: Tensors | None = None
    """Of the folder that the run goes on from."""


def framed(
    framing: Framing, rows: npt.NDArray[np.intp], side: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Photos as they are, some at a time: (n, 3, side, side) in 0 … 255 and where the shoes are."""
    for part in np.array_split(rows, max(1, len(rows) // 64)):
        pixels, shoes = tensors(framing, part)
        size = (side, side)
        yield (
            functional.interpolate(pixels, size=size, mode="bilinear", antialias=True),
            functional.interpolate(shoes, size=size, mode="bilinear"),
        )


def framed_pixels(framing: Framing, rows: npt.NDArray[np.intp], side: int) -> npt.NDArray[np.uint8]:
    """(n, side, side, 3): the same photos alone, as the tower takes them when it serves."""
    parts = [pixels.round().clamp(0, 255).byte() for pixels, _ in framed(framing, rows, side)]
    return torch.cat(parts).permute(0, 2, 3, 1).contiguous().numpy()


def tensors(framing: Framing, rows: npt.NDArray[np.intp]) -> tuple[torch.Tensor, torch.Tensor]:
    """The same of some photos, at the size that is kept."""
    pixels = torch.from_numpy(framing.pixels[rows]).permute(0, 3, 1, 2).float()
    shoes = torch.from_numpy(framing.shoes[rows])[:, None].float()
    return pixels, shoes
