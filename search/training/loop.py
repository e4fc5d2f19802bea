"""Trains the heads of `lite`: batches, epochs, early stopping, and exact resume after a kill."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from search.encoders.colours import Floats
from search.training.captions import Codes
from search.training.losses import edited, image_text, same_model
from search.training.metrics import Labelled, means, measure, score
from search.training.model import Head, Lite
from search.training.options import TrainOptions


@dataclass(frozen=True, slots=True)
class Material:
    """Everything a run learns from and is stopped by; rows are photos."""

    copies: Sequence[npt.NDArray[np.float16]]
    """(n, d) features; copy 0 is the photo as it is."""
    known: Codes
    """(n, a) values of the photos."""
    model: npt.NDArray[np.int64]
    """(n,) number of the model that a photo shows."""
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
    colour_prompts: npt.NDArray[np.int64]
    """(colours, p) the sentences that say a main colour, by its number in ``known``."""
    colour_column: int
    prompt_rows: dict[str, int]
    """The sentence number of every text that validation asks for."""


@dataclass(slots=True)
class Progress:
    """What a run has come to; kept in the checkpoint."""

    epoch: int = 0
    best_epoch: int = -1
    best_score: float = -1.0
    history: list[dict[str, float]] = field(default_factory=list)


def build(material: Material, options: TrainOptions) -> Lite:
    """Fresh heads; standardised by what the train photos (and sentences) show."""
    torch.manual_seed(options.seed)
    clean = torch.from_numpy(np.asarray(material.copies[0][material.train], dtype=np.float32))
    used = torch.from_numpy(material.sentences)
    dim, dropout = options.dim, options.dropout
    image = _head(clean, width=options.image_width, dim=dim, dropout=dropout)
    text = _head(used, width=options.text_width, dim=dim, dropout=dropout)
    return Lite(image, text, temperature=options.temperature)


def fit(
    material: Material,
    options: TrainOptions,
    *,
    checkpoint: Path,
    fingerprint: str,
    epoch_done: Callable[[Progress], None],
) -> tuple[Lite, Progress]:
    """The heads of the best epoch on validation, and how it went.

    Goes on from ``checkpoint`` if it is of the same ``fingerprint`` (data and options): the same
    figures come out as if it had never been interrupted.
    """
    torch.set_num_threads(options.threads)
    heads = build(material, options)
    batches = Batches(material, options)
    weights = [p for name, p in heads.named_parameters() if not name.startswith("log_")]
    scales = [p for name, p in heads.named_parameters() if name.startswith("log_")]
    optimizer = torch.optim.AdamW(
        [
            {"params": weights, "weight_decay": options.weight_decay},
            {"params": scales, "weight_decay": 0.0},
        ],
        lr=options.learning_rate,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        options.learning_rate,
        total_steps=batches.per_epoch * options.epochs,
        pct_start=0.15,
    )
    progress = Progress()
    best = _state(heads)
    if saved := _read(checkpoint, fingerprint):
        heads.load_state_dict(saved["heads"])
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
        progress, best = Progress(**saved["progress"]), saved["best"]
    while progress.epoch < options.epochs and not _stopped(progress, options):
        # Every epoch has its own seeds, so that a resumed one is the one that was lost.
        torch.manual_seed(options.seed * 100_003 + progress.epoch)
        loss = _epoch(heads, batches.epoch(progress.epoch), material, options, optimizer, schedule)
        figures = means(validate(heads, material))
        progress.epoch += 1
        progress.history.append({"epoch": progress.epoch, "loss": loss, **figures})
        reached = score(figures)
        if reached > progress.best_score + options.min_delta or progress.best_epoch < 0:
            progress.best_score, progress.best_epoch = reached, progress.epoch
            best = _state(heads)
        _write(
            checkpoint,
            {
                "fingerprint": fingerprint,
                "heads": heads.state_dict(),
                "optimizer": optimizer.state_dict(),
                "schedule": schedule.state_dict(),
                "progress": asdict(progress),
                "best": best,
            },
        )
        epoch_done(progress)
    heads.load_state_dict(best)
    return heads.eval(), progress


def validate(heads: Lite, material: Material) -> dict[str, npt.NDArray[np.float64]]:
    """Figures of the validation photos, with the train photos as gallery."""
    heads.eval()
    clean = material.copies[0]
    rows = np.concatenate([material.train, material.validation])
    with torch.no_grad():
        vectors = np.concatenate(
            [
                heads.image(torch.from_numpy(np.asarray(clean[part], dtype=np.float32))).numpy()
                for part in np.array_split(rows, max(1, len(rows) // 512))
            ]
        )

    def texts(sentences: Sequence[str]) -> Floats:
        numbers = [material.prompt_rows[sentence] for sentence in sentences]
        with torch.no_grad():
            found: Floats = heads.text(torch.from_numpy(material.sentences[numbers])).numpy()
        return found

    seen = len(material.train)
    return measure(
        _labelled(material.labels, material.validation, vectors[seen:]),
        _labelled(material.labels, material.train, vectors[:seen]),
        texts,
    )


class Batches:
    """Random photos, and beside them whole models in several colours, to learn edits from."""

    def __init__(self, material: Material, options: TrainOptions) -> None:
        self._material, self._options = material, options
        colours: dict[int, set[int]] = {}
        for i in material.train:
            if (colour := int(material.known[i, material.colour_column])) >= 0:
                colours.setdefault(int(material.model[i]), set()).add(colour)
        several = {model for model, found in colours.items() if len(found) > 1}
        self._models: dict[int, list[int]] = {}
        for i in material.train:
            if int(material.model[i]) in several:
                self._models.setdefault(int(material.model[i]), []).append(int(i))
        grouped = {i for rows in self._models.values() for i in rows}
        self._others = np.array([i for i in material.train if int(i) not in grouped], dtype=np.intp)
        self._group_size = (
            options.batch // 2
            if len(self._models) and len(self._others)
            else (options.batch if len(self._models) else 0)
        )
        self._other_size = options.batch - self._group_size
        pool = len(self._others) if self._other_size else len(grouped)
        self.per_epoch = max(1, pool // (self._other_size or self._group_size))

    def epoch(self, number: int) -> Iterator[tuple[npt.NDArray[np.intp], int]]:
        """(rows, how many of them, at the end, are of whole models), ``per_epoch`` times."""
        rng = np.random.default_rng((self._options.seed, number))
        others = rng.permutation(self._others)
        grouped = self._whole_models(rng)
        for step in range(self.per_epoch):
            single = others[step * self._other_size : (step + 1) * self._other_size]
            whole = [next(grouped) for _ in range(self._group_size)]
            yield (
                np.concatenate([single, np.array(whole, dtype=np.intp)]).astype(np.intp),
                len(whole),
            )

    def _whole_models(self, rng: np.random.Generator) -> Iterator[int]:
        models = list(self._models)
        while models:
            for i in rng.permutation(len(models)):
                yield from self._models[models[i]]


def _epoch(
    heads: Lite,
    batches: Iterator[tuple[npt.NDArray[np.intp], int]],
    material: Material,
    options: TrainOptions,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> float:
    heads.train()
    rng = np.random.default_rng(int(torch.randint(2**31, (1,)).item()))
    losses = []
    for rows, whole in batches:
        loss = _loss(heads, rows, whole, material, options, rng)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return float(np.mean(losses))


def _loss(
    heads: Lite,
    rows: npt.NDArray[np.intp],
    whole: int,
    material: Material,
    options: TrainOptions,
    rng: np.random.Generator,
) -> torch.Tensor:
    copy = rng.integers(0, len(material.copies), len(rows))
    photos = np.stack([material.copies[c][i] for c, i in zip(copy, rows, strict=True)])
    images = heads.image(torch.from_numpy(photos.astype(np.float32)))
    known = torch.from_numpy(material.known[rows])
    model = torch.from_numpy(material.model[rows])
    text_scale, image_scale = heads.scales()
    said = rng.integers(0, material.captions.shape[1], len(rows))
    sentence = material.captions[rows, said]
    speaking = sentence >= 0
    loss = options.model_weight * same_model(images, model, image_scale)
    if speaking.any():
        texts = heads.text(torch.from_numpy(material.sentences[sentence[speaking]]))
        claims = torch.from_numpy(material.claims[rows, said][speaking])
        loss = loss + image_text(images, texts, known, claims, text_scale)
    if whole and options.edit_weight:
        colour = known[-whole:, material.colour_column]
        prompt = rng.integers(material.colour_prompts.shape[1])
        words = heads.text(
            torch.from_numpy(material.sentences[material.colour_prompts[colour, prompt]])
        )
        loss = loss + options.edit_weight * edited(
            images[-whole:],
            words,
            model[-whole:],
            colour,
            image_scale,
            pairs=options.edit_pairs,
            strength=options.edit_strength,
        )
    return loss


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


def _state(heads: Lite) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in heads.state_dict().items()}


def _read(path: Path, fingerprint: str) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    saved: dict[str, Any] = torch.load(path, weights_only=True)
    return saved if saved.get("fingerprint") == fingerprint else None


def _write(path: Path, content: dict[str, Any]) -> None:
    beside = path.with_suffix(f".{os.getpid()}.part")
    torch.save(content, beside)
    beside.replace(path)


def seeded(seed: int) -> random.Random:
    """A generator for captions: reproducible, not for secrets."""
    return random.Random(seed)  # noqa: S311
