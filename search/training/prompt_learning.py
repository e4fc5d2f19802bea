"""Prompts that are learned in the text tower: CoOp (Zhou et al. 2022a) and CoCoOp (2022b).

Both learn ``LENGTH`` context vectors that are read before a model's name, shared by all models, by
cross-entropy over photos whose vectors stay as they are. CoCoOp adds to each a shift that a small
net makes of the photo. Adam, cosine schedule. A run that was killed goes on from its checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import nn

from search.encoders.prompting import PromptTower
from search.recognition.base import Report
from search.recognition.gallery import Labels
from search.types import Vectors

LENGTH: Final = 4
SCALE: Final = 50.0
"""Of cosines in the loss."""
RATE: Final = 0.01
KEEP_EVERY: Final = 10
"""Steps between two checkpoints."""


def context_learn(
    tower: PromptTower,
    names: Sequence[str],
    vectors: Vectors,
    labels: Labels,
    *,
    steps: int,
    report: Report,
    checkpoint: Path,
) -> Vectors:
    """CoOp: class vectors, (c, dim), of ``names`` read after the learned context."""
    torch.manual_seed(0)
    context = nn.Parameter(0.02 * torch.randn(LENGTH, tower.width))
    features = torch.from_numpy(vectors)
    truth = torch.from_numpy(labels)
    run = _Run([context], steps=steps, checkpoint=checkpoint, report=report, what="CoOp")
    for _ in run:
        words = tower.encode(names, context)
        run.step(nn.functional.cross_entropy(SCALE * features @ words.T, truth))
    with torch.no_grad():
        return np.asarray(tower.encode(names, context).numpy(), np.float32)


class Conditional(nn.Module):
    """CoCoOp's parameters: the context, and the net that shifts it by the photo."""

    def __init__(self, width: int, dim: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.context = nn.Parameter(0.02 * torch.randn(LENGTH, width))
        self.first = nn.Linear(dim, max(dim // 16, 4))
        self.second = nn.Linear(max(dim // 16, 4), width)
        nn.init.zeros_(self.second.weight)  # begins as CoOp
        nn.init.zeros_(self.second.bias)

    def logits(self, tower: PromptTower, names: Sequence[str], photo: torch.Tensor) -> torch.Tensor:
        """Of one photo, (c,)."""
        shift = self.second(torch.relu(self.first(photo)))
        return SCALE * tower.encode(names, self.context + shift) @ photo


def conditional_learn(
    tower: PromptTower,
    names: Sequence[str],
    vectors: Vectors,
    labels: Labels,
    *,
    steps: int,
    report: Report,
    checkpoint: Path,
    batch: int = 1,
) -> dict[str, Vectors]:
    """CoCoOp: its parameters as arrays. Each photo needs the words of all models encoded anew, so
    a step sees ``batch`` photos, as in the paper."""
    model = Conditional(tower.width, vectors.shape[1])
    features, truth = torch.from_numpy(vectors), torch.from_numpy(labels)
    order = np.random.default_rng(0)
    run = _Run(
        list(model.parameters()), steps=steps, checkpoint=checkpoint, report=report, what="CoCoOp"
    )
    for _ in run:
        rows = order.integers(len(vectors), size=batch)
        logits = torch.stack([model.logits(tower, names, features[int(row)]) for row in rows])
        run.step(nn.functional.cross_entropy(logits, truth[torch.from_numpy(rows)]))
    return {
        name: np.asarray(value.numpy(), np.float32) for name, value in model.state_dict().items()
    }


def conditional_logits(
    tower: PromptTower, names: Sequence[str], parts: dict[str, Vectors], queries: Vectors
) -> Vectors:
    """(n, c); one forward pass of the text tower over all models for each photo."""
    model = Conditional(tower.width, queries.shape[1])
    model.load_state_dict({name: torch.from_numpy(value) for name, value in parts.items()})
    with torch.no_grad():
        rows = [model.logits(tower, names, photo).numpy() for photo in torch.from_numpy(queries)]
    return np.asarray(rows, np.float32).reshape(len(queries), len(names))


class _Run:
    """Iterates the steps that are left, and keeps what was learned so far."""

    def __init__(
        self,
        parameters: list[nn.Parameter],
        *,
        steps: int,
        checkpoint: Path,
        report: Report,
        what: str,
    ) -> None:
        self.parameters, self.steps, self.checkpoint = parameters, steps, checkpoint
        self.report, self.what, self.done = report, what, 0
        self.optimiser = torch.optim.Adam(parameters, lr=RATE)
        if checkpoint.is_file():
            self._resume()

    def __iter__(self) -> _Run:
        return self

    def __next__(self) -> int:
        if self.done >= self.steps:
            self.checkpoint.unlink(missing_ok=True)
            raise StopIteration
        return self.done

    def step(self, loss: torch.Tensor) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * self.done / self.steps))
        self.optimiser.zero_grad()
        torch.autograd.backward(loss)
        self.optimiser.step()
        self.done += 1
        self.report(f"Learning prompts ({self.what})", self.done, self.steps)
        if self.done % KEEP_EVERY == 0 and self.done < self.steps:
            self._keep()

    def _keep(self) -> None:
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        beside = self.checkpoint.with_suffix(".part")
        torch.save(
            {
                "done": self.done,
                "parameters": [each.detach() for each in self.parameters],
                "optimiser": self.optimiser.state_dict(),
            },
            beside,
        )
        beside.replace(self.checkpoint)

    def _resume(self) -> None:
        try:
            kept = torch.load(self.checkpoint, weights_only=True)
            with torch.no_grad():
                for mine, theirs in zip(self.parameters, kept["parameters"], strict=True):
                    mine.copy_(theirs)
            self.optimiser.load_state_dict(kept["optimiser"])
            self.done = int(kept["done"])
        except (OSError, RuntimeError, KeyError, ValueError, EOFError):
            self.checkpoint.unlink(missing_ok=True)  # cut short: begin anew
