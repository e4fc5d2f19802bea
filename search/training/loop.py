"""Trains `lite`: batches, passes, early stopping, and exact resume after a kill."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from search.encoders.colours import Floats
from search.training.batches import Batches
from search.training.material import Material, framed
from search.training.metrics import Labelled, means, measure, score
from search.training.model import Colours, Head, Lite, Tower
from search.training.objective import objective
from search.training.options import TrainOptions


@dataclass(slots=True)
class Progress:
    """What a run has come to; kept in the checkpoint."""

    epoch: int = 0
    best_epoch: int = -1
    best_score: float = -1.0
    history: list[dict[str, float]] = field(default_factory=list)


def build(material: Material, options: TrainOptions) -> Lite:
    """The package's tower and fresh heads, standardised by what the train photos show."""
    torch.manual_seed(options.seed)
    tower = Tower(
        material.tower_sha256, frozen=options.frozen, drop_blocks=options.drop_blocks
    ).eval()
    colours = Colours(material.palette, softness=options.softness, bands=options.bands)
    rng = np.random.default_rng(options.seed)
    some = rng.permutation(material.train)[:512]
    with torch.no_grad():
        clean = torch.cat(
            [
                torch.cat([tower(pixels), colours(pixels, shoes)], dim=1)
                for pixels, shoes in framed(material.framing, some, options.sides[0][0])
            ]
        )
    used = torch.from_numpy(material.sentences)
    dim, dropout = options.dim, options.dropout
    lite = Lite(
        tower,
        colours,
        _head(clean, width=options.image_width, dim=dim, dropout=dropout),
        _head(used, width=options.text_width, dim=dim, dropout=dropout),
        models=int(material.name.max()) + 1,
        temperature=options.temperature,
    )
    if material.start is not None:
        lite.load(material.start)
        if options.epochs:
            with torch.no_grad():
                lite.proxies.copy_(_means(lite.eval(), material, options))
    return lite


def _means(lite: Lite, material: Material, options: TrainOptions) -> torch.Tensor:
    """(models, dim) the mean vector of each model's train photos, as they are."""
    rows = material.train[material.name[material.train] >= 0]
    vectors = torch.cat(
        [
            lite.photos(pixels, shoes)
            for pixels, shoes in framed(material.framing, rows, options.sides[0][0])
        ]
    )
    means = torch.zeros_like(lite.proxies)
    means.index_add_(0, torch.from_numpy(material.name[rows]), vectors)
    return functional.normalize(means, dim=-1)


def fit(
    material: Material,
    options: TrainOptions,
    *,
    checkpoint: Path,
    fingerprint: str,
    step_done: Callable[[int], None],
    epoch_done: Callable[[Progress], None],
) -> tuple[Lite, Progress]:
    """The averaged weights of the best pass on validation, and how it went.

    Without passes those that it starts from. Goes on from ``checkpoint`` if it is of the same
    ``fingerprint`` (data and options): the same figures come out as if it had never been
    interrupted. ``step_done`` is told of photos learnt.
    """
    torch.set_num_threads(options.threads)
    lite = build(material, options)
    averaged = AveragedModel(
        lite,
        multi_avg_fn=get_ema_multi_avg_fn(options.averaging),  # type: ignore[no-untyped-call]
    )
    mean = cast(Lite, averaged.module)
    if not options.epochs:
        return lite.eval(), Progress()
    batches = Batches(material, options)
    optimizer = _optimizer(lite, options)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        [group["lr"] for group in optimizer.param_groups],
        total_steps=batches.per_epoch * options.epochs,
        pct_start=0.15,
    )
    progress = Progress()
    best = _state(mean)
    if saved := _read(checkpoint, fingerprint):
        lite.load_state_dict(saved["lite"])
        averaged.load_state_dict(saved["averaged"])
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
        progress, best = Progress(**saved["progress"]), saved["best"]
        step_done(progress.epoch * batches.per_epoch * options.batch)
    while progress.epoch < options.epochs and not _stopped(progress, options):
        # Every pass has its own seeds, so that a resumed one is the one that was lost.
        torch.manual_seed(options.seed * 100_003 + progress.epoch)
        rng = np.random.default_rng((options.seed, progress.epoch, 1))
        losses = []
        lite.train()
        for rows, whole in batches.epoch(progress.epoch):
            loss = objective(lite, rows, whole, material, options, rng, progress.epoch)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(lite.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            averaged.update_parameters(lite)
            losses.append(loss.item())
            step_done(len(rows))
        figures = means(validate(mean, material, options))
        progress.epoch += 1
        progress.history.append(
            {"epoch": progress.epoch, "loss": float(np.mean(losses)), **figures}
        )
        reached = score(figures)
        if reached > progress.best_score + options.min_delta or progress.best_epoch < 0:
            progress.best_score, progress.best_epoch = reached, progress.epoch
            best = _state(mean)
        _write(
            checkpoint,
            {
                "fingerprint": fingerprint,
                "lite": lite.state_dict(),
                "averaged": averaged.state_dict(),
                "optimizer": optimizer.state_dict(),
                "schedule": schedule.state_dict(),
                "progress": asdict(progress),
                "best": best,
            },
        )
        epoch_done(progress)
    lite.load_state_dict(best)
    return lite.eval(), progress


def validate(
    lite: Lite, material: Material, options: TrainOptions
) -> dict[str, npt.NDArray[np.float64]]:
    """Figures of the validation photos; the models' proxies stand for a gallery.

    Encoding thousands of train photos anew each pass would cost as much as learning from them.
    """
    lite.eval()
    with torch.no_grad():
        vectors = np.concatenate(
            [
                lite.photos(pixels, shoes).numpy()
                for pixels, shoes in framed(material.framing, material.validation, options.side)
            ]
        )
        proxies = functional.normalize(lite.proxies, dim=-1).numpy()

    def texts(sentences: Sequence[str]) -> Floats:
        numbers = [material.prompt_rows[sentence] for sentence in sentences]
        with torch.no_grad():
            found: Floats = lite.text(torch.from_numpy(material.sentences[numbers])).numpy()
        return found

    learnt = [str(name) for name in material.names]
    nothing = [""] * len(learnt)
    return measure(
        _labelled(material.labels, material.validation, vectors),
        Labelled(vectors=proxies, model=learnt, brand=nothing, colour=nothing),
        texts,
    )


def _optimizer(lite: Lite, options: TrainOptions) -> torch.optim.Optimizer:
    learning = {name: p for name, p in lite.named_parameters() if p.requires_grad}
    tower = [p for name, p in learning.items() if name.startswith("tower.")]
    scales = [p for name, p in learning.items() if name.startswith("log_")]
    heads = [p for name, p in learning.items() if not name.startswith(("tower.", "log_"))]
    return torch.optim.AdamW(
        [
            {"params": tower, "lr": options.tower_rate, "weight_decay": options.weight_decay},
            {"params": heads, "lr": options.learning_rate, "weight_decay": options.weight_decay},
            {"params": scales, "lr": options.learning_rate, "weight_decay": 0.0},
        ]
    )


def _head(rows: torch.Tensor, *, width: int, dim: int, dropout: float) -> Head:
    return Head(rows.mean(0), 1 / (rows.std(0) + 1e-3), width=width, dim=dim, dropout=dropout)


def _labelled(labels: Labelled, rows: npt.NDArray[np.intp], vectors: Floats) -> Labelled:
    return Labelled(
        vectors=vectors,
        model=[labels.model[i] for i in rows],
        brand=[labels.brand[i] for i in rows],
        colour=[labels.colour[i] for i in rows],
    )


def _stopped(progress: Progress, options: TrainOptions) -> bool:
    return progress.epoch - progress.best_epoch >= options.patience and progress.best_epoch >= 0


def _state(lite: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in lite.state_dict().items()}


def _read(path: Path, fingerprint: str) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    saved: dict[str, Any] = torch.load(path, weights_only=True)
    return saved if saved.get("fingerprint") == fingerprint else None


def _write(path: Path, content: dict[str, Any]) -> None:
    beside = path.with_suffix(f".{os.getpid()}.part")
    torch.save(content, beside)
    beside.replace(path)
