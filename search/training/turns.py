"""How a photo lies, read off the tower's last map: a small head, fitted after the tower.

Which way a shoe stands is told by where in the map its parts are, which the mean and the maximum
over the map, and so the vector, hardly keep. The pretext task is that of Gidaris et al. 2018:
photos as they are and turned by one, two and three quarters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from search.encoders.colours import Floats
from search.training.model import Tensors

PHOTOS: Final = 4000
"""At most; their maps take 256 KB each."""
HIDDEN: Final = 48
PASSES: Final = 8
BATCH: Final = 256
RATE: Final = 2e-3
DECAY: Final = 0.2
SMOOTHING: Final = 0.05
"""Some photos are published lying, or show a sole: no answer may be too sure."""
MIRRORED: Final = torch.tensor([0, 3, 2, 1])
"""How a photo lies that is looked at in a mirror."""

QUARTERS: Final = 4


class Turns(nn.Module):
    """Maps (n, rows, columns, width) → logits (n, 4): upright, turned by one, two, three quarters
    counter-clockwise."""

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, mean: torch.Tensor, scale: torch.Tensor, *, cells: int) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.cell = nn.Linear(len(mean), HIDDEN)
        self.out = nn.Linear(cells * HIDDEN, QUARTERS)
        self.drop_in, self.drop = nn.Dropout(0.2), nn.Dropout(0.4)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        cells = torch.relu(self.cell(self.drop_in((maps - self.mean) * self.scale)))
        found: torch.Tensor = self.out(self.drop(cells.flatten(1)))
        return found

    def tensors(self) -> Tensors:
        """By the names that `search.encoders.export` reads."""
        named = {
            "mean": self.mean,
            "scale": self.scale,
            "w1": self.cell.weight,
            "b1": self.cell.bias,
            "w2": self.out.weight,
            "b2": self.out.bias,
        }
        return {name: tensor.detach().numpy() for name, tensor in named.items()}


def fit_turns(
    pixels: npt.NDArray[np.uint8],
    tower: Callable[[npt.NDArray[np.uint8]], Floats],
    *,
    seed: int,
    advance: Callable[[int], None],
) -> Turns:
    """From upright photos as the encoder frames them, (n, side, side, 3), and their maps.

    ``advance`` is told of photos looked at and, as many times `PASSES`, of photos learned.
    """
    maps = quarter_maps(pixels, tower, advance=advance)
    n, flat = len(maps), torch.from_numpy(maps).flatten(0, 1)
    some = flat[:: max(1, len(flat) // 2000)].float().flatten(0, 2)
    torch.manual_seed(seed)
    head = Turns(some.mean(0), 1 / (some.std(0) + 1e-3), cells=flat.shape[1] * flat.shape[2])
    optimizer = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=DECAY)
    steps = max(1, len(flat) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=PASSES * steps)
    for _ in range(PASSES):
        order = torch.randperm(len(flat))
        for rows in order.tensor_split(steps):
            lies = rows % QUARTERS
            seen = flat[rows].float()
            mirrored = torch.rand(len(rows)) < 0.5
            seen[mirrored] = seen[mirrored].flip(2)
            lies = torch.where(mirrored, MIRRORED[lies], lies)
            loss = functional.cross_entropy(head(seen), lies, label_smoothing=SMOOTHING)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
        advance(n)
    return head.eval()


def quarter_maps(
    pixels: npt.NDArray[np.uint8],
    tower: Callable[[npt.NDArray[np.uint8]], Floats],
    *,
    advance: Callable[[int], None],
) -> npt.NDArray[np.float16]:
    """(n, 4, rows, columns, width): maps of photos as they are and turned counter-clockwise."""
    found: npt.NDArray[np.float16] | None = None
    for start in range(0, len(pixels), 32):
        part = pixels[start : start + 32]
        for quarter in range(QUARTERS):
            maps = tower(np.ascontiguousarray(np.rot90(part, quarter, (1, 2))))
            if found is None:
                found = np.empty((len(pixels), QUARTERS, *maps.shape[1:]), np.float16)
            found[start : start + len(part), quarter] = maps
        advance(len(part))
    if found is None:
        raise ValueError("no photos")
    return found
