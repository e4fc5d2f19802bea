"""One training run from labelled photos to a folder of weights."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from search.encoders.artifacts import DEFAULT_CACHE, sha256_of
from search.encoders.backbones import IMAGE_PACKAGE, TEXT_PACKAGE, TextTower, backbone_path
from search.encoders.framing import FRAMING
from search.encoders.lite import FORMAT, LiteEncoder
from search.encoders.pixels import PIXELS_VERSION
from search.evaluation.datasets import DatasetError, ShoePhoto
from search.evaluation.sources import Source
from search.exceptions import EncoderError
from search.training.captions import (
    ATTRIBUTES,
    Caption,
    attributes,
    build_vocabulary,
    caption,
    encode_claims,
    spoken,
)
from search.training.card import model_card
from search.training.metrics import PROMPTS, Labelled, interval, measure
from search.training.options import TrainOptions
from search.training.photos import framed_photos, learn_palette, open_photo, text_features
from search.training.record import curves_write, run_write, tensors_write
from search.training.start import start_read

MAX_TOKENS: Final = 96


class Watcher(Protocol):
    """Told how a run goes; the command draws bars from it."""

    def stage(self, name: str, total: int) -> Callable[[int], None]:
        """A stage of ``total`` steps begins; call what is returned with each step made."""

    def epoch(self, figures: dict[str, float], *, best: bool) -> None:
        """An epoch has ended with these figures on validation."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a run has made."""

    folder: Path
    encoder_id: str
    figures: dict[str, dict[str, dict[str, float]]]
    """Split → metric → value, low, high (95 %), n."""


def encoder_train(
    source: Source,
    out: Path,
    *,
    options: TrainOptions,
    watcher: Watcher,
    cache_dir: Path = DEFAULT_CACHE,
) -> Result:
    """Train on the train split of ``source``, stop by validation, report test once, write ``out``.

    ``out`` gets ``heads.safetensors``, ``config.json``, ``modules.json`` and ``MODEL_CARD.md``, and
    to tell how it went ``run.json``, ``manifest.csv``, ``metrics.csv`` and ``curves.png``;
    ``out/work`` keeps framed photos and the checkpoint, so that the same call goes on where it was
    interrupted, and may be deleted afterwards. Raises ``DatasetError`` when there are too few
    photos.
    """
    from search.encoders.sentence_module import write_modules
    from search.training.batches import Batches
    from search.training.loop import Progress, fit
    from search.training.material import Material, framed_pixels
    from search.training.turns import PASSES, PHOTOS, fit_turns

    if not options.epochs and not options.start:
        raise EncoderError("Without a pass nothing is learned: give --start, or passes.")
    photos = _photos(source, options)
    splits = np.array([photo.split for photo in photos])
    train = np.flatnonzero(splits == "train")
    validation = np.flatnonzero(splits == "validation")
    if len(train) < 8 or not len(validation):
        raise DatasetError(
            f"{source} gives {len(train)} photos to learn from and {len(validation)} to stop by, "
            "which is too few: add photos (whole near-duplicate groups go to one side)."
        )
    work = out / "work"
    work.mkdir(parents=True, exist_ok=True)
    vector = _vector_config(options)
    start = start_read(Path(options.start), vector) if options.start else None
    advance = watcher.stage("Looking at colours", 1)
    if start is not None:
        palette = start.tensors["palette"]
    else:
        palette = learn_palette(
            [photos[i] for i in train],
            colours=options.palette, side=options.side, seed=options.seed,
        )  # fmt: skip
    advance(1)
    framing = framed_photos(
        photos,
        side=max(options.side, *(side for side, _ in options.sides)),
        cache=work,
        advance=watcher.stage("Reading photos", len(photos)),
    )
    known = [attributes(photo) for photo in photos]
    vocabulary = build_vocabulary(known)
    said = _captions(known, train, options)
    prompts = _prompts(photos)
    sentences = sorted({c.text for row in said for c in row if c} | set(prompts))
    number = {sentence: i for i, sentence in enumerate(sentences)}
    sentence_vectors = text_features(
        sentences,
        tower=TextTower(vector["text"], cache_dir=cache_dir, threads=options.threads),
        package=vector["text"]["sha256"],
        cache=work,
        advance=watcher.stage("Reading captions", len(sentences)),
    )
    labels = _labels(photos)
    name, names, log_prior = _names(photos, train)
    material = Material(
        framing=framing,
        name=name,
        names=names,
        log_prior=log_prior,
        palette=palette,
        tower_sha256=vector["image"]["sha256"],
        start=start.tensors if start else None,
        known=encode_claims(known, vocabulary),
        model=np.unique([_model_key(photo) for photo in photos], return_inverse=True)[1],
        labels=labels,
        train=train,
        validation=validation,
        sentences=sentence_vectors,
        captions=np.array([[number[c.text] if c else -1 for c in row] for row in said]),
        claims=np.stack(
            [encode_claims([c.claims if c else {} for c in r], vocabulary) for r in said]
        ),
        value_prompts={
            ATTRIBUTES.index(attribute): np.array(
                [[number[p.format(spoken(v))] for p in PROMPTS] for v in vocabulary[attribute]]
            )
            for attribute in ("brand", "colour")
            if vocabulary[attribute]
        },
        colour_column=ATTRIBUTES.index("colour"),
        prompt_rows={prompt: number[prompt] for prompt in prompts},
    )
    total = Batches(material, options).photos
    advance = watcher.stage("Training", total) if total else lambda _: None

    run_write(out, photos, asdict(options))

    def epoch_done(progress: Progress) -> None:
        curves_write(out, progress.history)
        watcher.epoch(progress.history[-1], best=progress.best_epoch == progress.epoch)

    manifest = _manifest(photos, splits)
    lite, progress = fit(
        material,
        options,
        checkpoint=work / "checkpoint.pt",
        fingerprint=_fingerprint(options, manifest, vector, palette),
        step_done=advance,
        epoch_done=epoch_done,
    )
    parts = (
        ("tower", lite.tower.tensors()), ("image", lite.image.tensors()),
        ("text", lite.text.tensors()),
    )  # fmt: skip
    tensors = {"palette": palette} | {
        f"{part}.{name}": tensor for part, found in parts for name, tensor in found.items()
    }
    training = {
        "data": manifest,
        "options": asdict(options) | {"start": start.encoder_id if start else ""},
        "best_epoch": progress.best_epoch,
        "history": progress.history,
    }
    if start is not None:
        training["before"] = start.training
    config = {"format": FORMAT, "vector": vector, "training": training}
    _write_weights(out, tensors, config)
    if options.turn_below:
        some = train[np.linspace(0, len(train) - 1, min(len(train), PHOTOS)).round().astype(int)]
        turns = fit_turns(
            framed_pixels(framing, some, options.side),
            LiteEncoder(model=out, cache_dir=work, threads=options.threads).map_tower(),
            seed=options.seed,
            advance=watcher.stage("Learning which way is up", len(some) * (1 + PASSES)),
        )
        tensors |= {f"turns.{name}": tensor for name, tensor in turns.tensors().items()}
        _write_weights(out, tensors, config)
    encoder = LiteEncoder(model=out, cache_dir=cache_dir, threads=options.threads)
    figures = _judge(encoder, photos, labels, splits, watcher.stage("Measuring", len(photos)))
    training["figures"] = figures
    _write_json(out / "config.json", {"format": FORMAT, "vector": vector, "training": training})
    card = model_card(encoder_id=encoder.id, training=training, vector=vector)
    (out / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    write_modules(out)
    return Result(folder=out, encoder_id=encoder.id, figures=figures)


def _photos(source: Source, options: TrainOptions) -> list[ShoePhoto]:
    photos = source.labelled()
    if options.limit and options.limit < len(photos):
        # Spread over the whole: the first thousand would be two brands.
        chosen = np.linspace(0, len(photos) - 1, options.limit).round().astype(int)
        photos = [photos[i] for i in chosen]
    return photos


def _vector_config(options: TrainOptions) -> dict[str, Any]:
    """All that decides a vector beside the weights; hashed into the encoder's id."""
    return {
        "dim": options.dim,
        "image": {
            "package": IMAGE_PACKAGE,
            "sha256": sha256_of(backbone_path(IMAGE_PACKAGE)),
            "side": options.side,
            "turn_below": options.turn_below,
            "turn_margin": options.turn_margin,
            "framing": FRAMING,
            "pixels": PIXELS_VERSION,
            "softness": options.softness,
            "bands": [list(band) for band in options.bands],
        },
        "text": {
            "package": TEXT_PACKAGE,
            "sha256": sha256_of(backbone_path(TEXT_PACKAGE)),
            "max_tokens": MAX_TOKENS,
        },
    }


def _captions(
    known: Sequence[dict[str, str]], train: npt.NDArray[np.intp], options: TrainOptions
) -> list[list[Caption | None]]:
    """Sentences for train photos only: others are never spoken of."""
    learnt = set(train.tolist())
    rng = random.Random(options.seed)  # noqa: S311 - captions, not secrets
    return [
        [caption(values, rng) if i in learnt else None for _ in range(options.captions)]
        for i, values in enumerate(known)
    ]


def _prompts(photos: Sequence[ShoePhoto]) -> list[str]:
    values = {photo.brand for photo in photos} | {c for p in photos for c in p.colours[:1]}
    return sorted(prompt.format(spoken(v)) for v in values - {""} for prompt in PROMPTS)


def _labels(photos: Sequence[ShoePhoto]) -> Labelled:
    return Labelled(
        vectors=np.empty((len(photos), 0), dtype=np.float32),
        model=[_model_key(photo) for photo in photos],
        # Where a source sells one brand in a thousand photos, guessing it proves nothing: brand is
        # asked where models are, colours where colourways are.
        brand=[photo.brand if not photo.colours else "" for photo in photos],
        colour=[photo.colours[0] if photo.model and photo.colours else "" for photo in photos],
    )


def _model_key(photo: ShoePhoto) -> str:
    if photo.dataset == "footlocker":  # several ids may be one model; the group knows
        return photo.group
    return f"{photo.dataset}:{photo.model_id}"


def _names(
    photos: Sequence[ShoePhoto], train: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.int64], list[str], npt.NDArray[np.float32]]:
    """Which models get a proxy (those with several train photos), whose photo is which, and the
    log of each one's share."""
    keys = [_model_key(photo) if photo.model_id else "" for photo in photos]
    counts = Counter(keys[i] for i in train if keys[i])
    names = sorted(name for name, count in counts.items() if count > 1) or sorted(counts)
    number = {name: i for i, name in enumerate(names)}
    share = np.array([counts[name] for name in names], np.float32)
    return (
        np.array([number.get(key, -1) for key in keys], np.int64),
        names,
        np.log(share / share.sum()),
    )


def _judge(
    encoder: LiteEncoder,
    photos: Sequence[ShoePhoto],
    labels: Labelled,
    splits: npt.NDArray[np.str_],
    advance: Callable[[int], None],
) -> dict[str, dict[str, dict[str, float]]]:
    """Figures of what was written, read back; test is looked at here and nowhere else."""
    rows = []
    for start in range(0, len(photos), 64):
        rows.append(encoder.encode_images([open_photo(p) for p in photos[start : start + 64]]))
        advance(len(rows[-1]))
    vectors = np.concatenate(rows)
    everything = Labelled(vectors, labels.model, labels.brand, labels.colour)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for split, gallery in (("validation", splits == "train"), ("test", splits != "test")):
        if not (splits == split).any():
            continue
        per_query = measure(
            everything.rows(splits == split), everything.rows(gallery), encoder.encode_texts
        )
        found[split] = {name: _figure(values) for name, values in per_query.items()}
    return found


def _figure(values: npt.NDArray[np.float64]) -> dict[str, float]:
    low, high = interval(values)
    return {
        "value": round(float(values.mean()), 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "n": len(values),
    }


def _manifest(photos: Sequence[ShoePhoto], splits: npt.NDArray[np.str_]) -> dict[str, Any]:
    """What was trained on, in numbers, and a hash that changes with any photo; no names."""
    digest = hashlib.sha256()
    sets: dict[str, dict[str, int]] = {}
    for photo, split in zip(photos, splits, strict=True):
        digest.update(f"{photo.group} {split} {sha256_of(photo.path)}\n".encode())
        counts = sets.setdefault(photo.dataset, {"train": 0, "validation": 0, "test": 0})
        counts[str(split)] += 1
    return {"sha256": digest.hexdigest(), "photos": sets}


def _fingerprint(
    options: TrainOptions,
    manifest: dict[str, Any],
    vector: dict[str, Any],
    palette: npt.NDArray[np.float32],
) -> str:
    knobs = {k: v for k, v in asdict(options).items() if k not in ("threads", "start")}
    start = sha256_of(Path(options.start) / "heads.safetensors") if options.start else ""
    return hashlib.sha256(
        json.dumps([knobs, manifest, vector, start, palette.tolist()], sort_keys=True).encode()
    ).hexdigest()


def _write_weights(
    out: Path, tensors: dict[str, npt.NDArray[np.float32]], config: dict[str, Any]
) -> None:
    halves = {name: np.ascontiguousarray(t, dtype=np.float16) for name, t in tensors.items()}
    tensors_write(out / "heads.safetensors", halves)
    _write_json(out / "config.json", config)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    beside = path.with_name(f".{path.name}")
    beside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    beside.replace(path)
