"""Trains `lite`: batches, passes, early stopping, and exact resume after a kill."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from search.encoders.colours import Floats
from search.training.augment import augment
from search.training.captions import Codes
from search.training.losses import edited, image_text, named, same_model, valued
from search.training.metrics import Labelled, means, measure, score
from search.training.model import Colours, Head, Lite, Tensors, Tower
from search.training.options import TrainOptions
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
                for pixels, shoes in _framed(material.framing, some, options.sides[0][0])
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
        with torch.no_grad():
            lite.proxies.copy_(_means(lite.eval(), material, options))
    return lite


def _means(lite: Lite, material: Material, options: TrainOptions) -> torch.Tensor:
    """(models, dim) the mean vector of each model's train photos, as they are."""
    rows = material.train[material.name[material.train] >= 0]
    vectors = torch.cat(
        [
            lite.photos(pixels, shoes)
            for pixels, shoes in _framed(material.framing, rows, options.sides[0][0])
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

    Goes on from ``checkpoint`` if it is of the same ``fingerprint`` (data and options): the same
    figures come out as if it had never been interrupted. ``step_done`` is told of photos learnt.
    """
    torch.set_num_threads(options.threads)
    lite = build(material, options)
    averaged = AveragedModel(
        lite,
        multi_avg_fn=get_ema_multi_avg_fn(options.averaging),  # type: ignore[no-untyped-call]
    )
    mean = cast(Lite, averaged.module)
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
            loss = _loss(lite, rows, whole, material, options, rng, progress.epoch)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
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
                for pixels, shoes in _framed(material.framing, material.validation, options.side)
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


def _framed(
    framing: Framing, rows: npt.NDArray[np.intp], side: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Photos as they are, some at a time: (n, 3, side, side) in 0 … 255 and where the shoes are."""
    for part in np.array_split(rows, max(1, len(rows) // 64)):
        pixels, shoes = _tensors(framing, part)
        size = (side, side)
        yield (
            functional.interpolate(pixels, size=size, mode="bilinear", antialias=True),
            functional.interpolate(shoes, size=size, mode="bilinear"),
        )


def _tensors(framing: Framing, rows: npt.NDArray[np.intp]) -> tuple[torch.Tensor, torch.Tensor]:
    pixels = torch.from_numpy(framing.pixels[rows]).permute(0, 3, 1, 2).float()
    shoes = torch.from_numpy(framing.shoes[rows])[:, None].float()
    return pixels, shoes


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
            round(options.batch * options.whole_models)
            if len(self._models) and len(self._others)
            else (options.batch if len(self._models) else 0)
        )
        self._other_size = options.batch - self._group_size
        pool = len(self._others) if self._other_size else len(grouped)
        self.per_epoch = max(1, pool // (self._other_size or self._group_size))

    @property
    def photos(self) -> int:
        """That all passes together learn from, the same one counting each time."""
        return self.per_epoch * self._options.epochs * (self._other_size + self._group_size)

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


def _loss(
    lite: Lite,
    rows: npt.NDArray[np.intp],
    whole: int,
    material: Material,
    options: TrainOptions,
    rng: np.random.Generator,
    epoch: int,
) -> torch.Tensor:
    pixels, shoes = _tensors(material.framing, rows)
    shoes = functional.interpolate(shoes, size=pixels.shape[-2:])
    plain = torch.from_numpy(material.framing.plain[rows])
    images = lite.photos(*augment(pixels, shoes, plain, side=options.side_at(epoch)))
    known = torch.from_numpy(material.known[rows])
    model = torch.from_numpy(material.model[rows])
    text_scale, image_scale = lite.scales()
    said = rng.integers(0, material.captions.shape[1], len(rows))
    sentence = material.captions[rows, said]
    speaking = sentence >= 0
    loss = options.model_weight * same_model(images, model, image_scale)
    loss = loss + options.name_weight * named(
        images,
        lite.proxies,
        torch.from_numpy(material.name[rows]),
        image_scale,
        torch.from_numpy(material.log_prior),
    )
    if speaking.any():
        texts = lite.text(torch.from_numpy(material.sentences[sentence[speaking]]))
        claims = torch.from_numpy(material.claims[rows, said][speaking])
        loss = loss + image_text(images, texts, known, claims, text_scale)
    said_values = {
        column: lite.text(
            torch.from_numpy(material.sentences[prompts[:, rng.integers(prompts.shape[1])]])
        )
        for column, prompts in material.value_prompts.items()
    }
    for column, words in said_values.items():
        loss = loss + options.value_weight * valued(images, words, known[:, column], text_scale)
    if whole and options.edit_weight:
        colour = known[-whole:, material.colour_column]
        words = said_values[material.colour_column][colour]
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


def seeded(seed: int) -> random.Random:
    """A generator for captions: reproducible, not for secrets."""
    return random.Random(seed)  # noqa: S311
