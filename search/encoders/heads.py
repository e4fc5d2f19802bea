"""The trained part of `lite`, in numpy: small enough that no framework would be faster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.types import Vectors

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Head:
    """Standardise, one hidden layer beside a linear shortcut, unit length.

    ``normalise(W₂·silu(layernorm(W₁x + b₁)) + b₂ + W₃x)``; `search.training.model.Head` is the
    same in torch.
    """

    mean: Floats
    scale: Floats
    w1: Floats
    b1: Floats
    gain: Floats
    shift: Floats
    w2: Floats
    b2: Floats
    w3: Floats

    @classmethod
    def read(cls, tensors: Mapping[str, npt.NDArray[np.generic]], prefix: str) -> Head:
        """From the tensors called ``prefix.*``; ``KeyError`` when one is missing."""
        return cls(
            **{
                name: np.ascontiguousarray(tensors[f"{prefix}.{name}"], dtype=np.float32)
                for name in cls.__slots__
            }
        )

    @property
    def dim(self) -> int:
        return len(self.b2)

    def __call__(self, features: Floats) -> Vectors:
        """(n, d) features to (n, dim) unit vectors."""
        x = (features - self.mean) * self.scale
        hidden = x @ self.w1.T + self.b1
        hidden -= hidden.mean(axis=1, keepdims=True)
        hidden /= np.sqrt((hidden**2).mean(axis=1, keepdims=True) + 1e-5)
        hidden = hidden * self.gain + self.shift
        hidden *= 1 / (1 + np.exp(-np.clip(hidden, -60, 60)))
        out = hidden @ self.w2.T + self.b2 + x @ self.w3.T
        out /= np.linalg.norm(out, axis=1, keepdims=True).clip(1e-12)
        return np.ascontiguousarray(out, dtype=np.float32)
