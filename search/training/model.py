"""The heads of `lite` in torch; `search.encoders.heads.Head` computes the same in numpy."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional


class Head(nn.Module):
    """Features (n, d) → unit vectors (n, dim): one hidden layer beside a linear shortcut."""

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(
        self, mean: torch.Tensor, scale: torch.Tensor, *, width: int, dim: int, dropout: float
    ) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.hidden = nn.Linear(len(mean), width)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, dim)
        self.shortcut = nn.Linear(len(mean), dim, bias=False)
        self.drop_in = nn.Dropout(dropout / 2)
        self.drop = nn.Dropout(dropout)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        x = self.drop_in((features - self.mean) * self.scale)
        hidden = self.drop(functional.silu(self.norm(self.hidden(x))))
        return functional.normalize(self.out(hidden) + self.shortcut(x), dim=-1)

    def tensors(self) -> dict[str, npt.NDArray[np.float32]]:
        """By the names that `search.encoders.heads.Head` reads."""
        named = {
            "mean": self.mean,
            "scale": self.scale,
            "w1": self.hidden.weight,
            "b1": self.hidden.bias,
            "gain": self.norm.weight,
            "shift": self.norm.bias,
            "w2": self.out.weight,
            "b2": self.out.bias,
            "w3": self.shortcut.weight,
        }
        return {name: tensor.detach().numpy() for name, tensor in named.items()}


class Lite(nn.Module):
    """Both heads and the learned temperatures of the losses."""

    def __init__(self, image: Head, text: Head, *, temperature: float) -> None:
        super().__init__()
        self.image = image
        self.text = text
        start = torch.tensor(math.log(1 / temperature))
        self.log_scale_text = nn.Parameter(start.clone())
        self.log_scale_image = nn.Parameter(start.clone())

    def scales(self) -> tuple[torch.Tensor, torch.Tensor]:
        """For photo–text and photo–photo cosines; at most 100, as in CLIP."""
        return (
            self.log_scale_text.clamp(max=math.log(100)).exp(),
            self.log_scale_image.clamp(max=math.log(100)).exp(),
        )
