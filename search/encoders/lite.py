"""`lite`, the encoder that needs no download: two frozen towers from packages, two trained heads.

A photo is framed (`framing`), seen by EfficientNet-lite0 (`backbones`) and, where it lies on its
side, turned and seen again; its colours are counted (`colours`), and a head (`heads`) maps both to
a vector. A sentence goes through MiniLM and a head of its own to the same space.
``lite_weights/MODEL_CARD.md`` tells what it was trained on and how well it does; ``manage.py
train_encoder`` makes it anew.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from PIL.Image import Image, Resampling

from search.encoders.artifacts import DEFAULT_CACHE, sha256_of
from search.encoders.backbones import (
    FEATURES,
    STRIDE,
    WIDTH,
    ImageTower,
    PatchTower,
    TextTower,
)
from search.encoders.colours import Floats, histogram
from search.encoders.framing import FRAMING, Pixels, frame
from search.encoders.heads import Head
from search.encoders.pixels import PIXELS_VERSION, TURNS, as_rgb
from search.exceptions import EncoderError
from search.types import Degrees, EncoderId, Patches, Vectors

if TYPE_CHECKING:
    from search.encoders.prompting import PromptTower

WEIGHTS: Final = Path(__file__).with_name("lite_weights")
FORMAT: Final = 1
FINER: Final = 2
"""Patches are cut from a picture so many times larger than what the tower was trained on: its map
has a cell for every 32 pixels only."""


class LiteEncoder:
    """Photos and words to 256 dimensions on onnxruntime and numpy. Keeps the `Encoder` contract.

    ``model``: folder with ``config.json`` and ``heads.safetensors`` (default: the shipped one).
    ``threads``: cores that one call may use. ``cache_dir``: where exported graphs are kept; the
    first encode on a machine exports them (20 s). ``batch``: photos per run of the tower.
    """

    def __init__(
        self,
        *,
        model: str | Path = WEIGHTS,
        threads: int = 2,
        cache_dir: str | Path = DEFAULT_CACHE,
        batch: int = 16,
    ) -> None:
        if threads < 1 or batch < 1:
            raise ValueError("'threads' and 'batch' must be at least 1")
        self._folder = Path(model)
        self._threads = threads
        self._cache_dir = Path(cache_dir)
        self._batch = batch
        self._lock = threading.Lock()
        self._parts: _Parts | None = None

    @cached_property
    def id(self) -> EncoderId:
        """``lite@<hash of weights and config>+<framing>``."""
        revision = hashlib.sha256(sha256_of(self._weights_file()).encode())
        revision.update(json.dumps(self._config["vector"], sort_keys=True).encode())
        side = self._config["vector"]["image"]["side"]
        digest = revision.hexdigest()[:12]
        return EncoderId(f"lite@{digest}+{FRAMING}-{side}-{PIXELS_VERSION}")

    @cached_property
    def dim(self) -> int:
        return int(self._config["vector"]["dim"])

    @cached_property
    def enough_pixels(self) -> int:
        """1.7 times what the tower sees, as plain margins are cut off: kinds and audience of
        myntra's photos are told at 240 px as well as at 480 (`search.encoders.base`)."""
        return 17 * int(self._config["vector"]["image"]["side"]) // 10

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """(n, dim) unit vectors of decoded, upright photos; any Pillow mode, any size."""
        return self.encode_upright(images)[0]

    @cached_property
    def turns_upright(self) -> bool:
        """Whether these weights tell how a photo lies."""
        return bool(self._config["vector"]["image"].get("turn_below"))

    def encode_upright(self, images: Sequence[Image]) -> tuple[Vectors, Degrees]:
        """See `search.encoders.base.UprightEncoder`. How a photo lies is read off the tower's map,
        at no cost; what seems to lie on its side is seen once more."""
        if not len(images):
            return np.empty((0, self.dim), dtype=np.float32), np.empty(0, dtype=np.int64)
        parts = self._loaded()
        found = [
            (parts.image_head(rows), turned)
            for rows, turned in features(
                images,
                tower=parts.image_tower,
                palette=parts.palette,
                spec=self._config["vector"]["image"],
                batch=self._batch,
            )
        ]
        vectors, degrees = (np.concatenate(each) for each in zip(*found, strict=True))
        return vectors, degrees

    gives_patches = True

    def encode_patches(self, images: Sequence[Image]) -> Patches:
        """See `search.encoders.base.PatchEncoder`."""
        tower = self._loaded().patch_tower
        pixels = [
            np.asarray(as_rgb(image).resize((tower.side,) * 2, Resampling.BICUBIC, reducing_gap=2))
            for image in images
        ]
        parts = [
            tower(np.stack(pixels[start : start + self._batch]))
            for start in range(0, len(pixels), self._batch)
        ]
        cells = tower.side // STRIDE
        return np.concatenate(parts) if parts else np.empty((0, cells, cells, WIDTH), np.float32)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) unit vectors of sentences; what exceeds the model's tokens is cut."""
        if not len(texts):
            return np.empty((0, self.dim), dtype=np.float32)
        parts = self._loaded()
        return parts.text_head(parts.text_tower(texts))

    def prompt_tower(self) -> PromptTower:
        """The text tower in torch, for prompts that are learned."""
        from search.encoders.prompting import lite_tower

        spec = self._config["vector"]["text"]
        return lite_tower(spec, self._loaded().text_head)

    @cached_property
    def _config(self) -> dict[str, Any]:
        path = self._folder / "config.json"
        try:
            config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise EncoderError(
                f"{self._folder} is no folder of `lite` weights: {error}. Restore it from the "
                "repository, or train one with `manage.py train_encoder`."
            ) from error
        if config.get("format") != FORMAT or "vector" not in config:
            raise EncoderError(
                f"{path} has format {config.get('format')!r}, this version reads {FORMAT}: "
                "train it anew with `manage.py train_encoder`."
            )
        return config

    def _weights_file(self) -> Path:
        path = self._folder / "heads.safetensors"
        if not path.is_file():
            raise EncoderError(
                f"{path} is missing: restore it from the repository, or train one with "
                "`manage.py train_encoder`."
            )
        return path

    def map_tower(self) -> PatchTower:
        """The image tower to its last map, at the size at which photos are encoded: training reads
        from it how they lie."""
        from safetensors.numpy import load_file

        spec = self._image_spec(load_file(self._weights_file()))
        return PatchTower(spec, cache_dir=self._cache_dir, threads=self._threads)

    def _image_spec(self, tensors: Iterable[str]) -> dict[str, Any]:
        """What `search.encoders.export` needs; ``tensors``: the names of those trained."""
        image, path = self._config["vector"]["image"], self._weights_file()
        spec = {k: image[k] for k in ("package", "sha256", "side")}
        if any(name.startswith("tower.") for name in tensors):
            spec |= {"overrides": str(path.resolve()), "overrides_sha256": sha256_of(path)}
        return spec

    def _loaded(self) -> _Parts:
        with self._lock:
            if self._parts is None:
                self._parts = self._load()
        return self._parts

    def _load(self) -> _Parts:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path, vector = self._weights_file(), self._config["vector"]
        try:
            tensors = load_file(path)
            image_spec = self._image_spec(tensors)
            text_spec = {k: vector["text"][k] for k in ("package", "sha256", "max_tokens")}
            return _Parts(
                palette=np.asarray(tensors["palette"], dtype=np.float32),
                image_head=Head.read(tensors, "image"),
                text_head=Head.read(tensors, "text"),
                image_tower=ImageTower(
                    image_spec, cache_dir=self._cache_dir, threads=self._threads
                ),
                patch_tower=PatchTower(
                    image_spec | {"side": FINER * image_spec["side"]},
                    cache_dir=self._cache_dir,
                    threads=self._threads,
                ),
                text_tower=TextTower(text_spec, cache_dir=self._cache_dir, threads=self._threads),
            )
        except (SafetensorError, KeyError, OSError) as error:
            raise EncoderError(
                f"{path} is damaged ({error}): restore it from the repository, or train one with "
                "`manage.py train_encoder`."
            ) from error


@dataclass(frozen=True, slots=True)
class _Parts:
    palette: Floats
    image_head: Head
    text_head: Head
    image_tower: ImageTower
    patch_tower: PatchTower
    text_tower: TextTower


def features(
    images: Sequence[Image],
    *,
    tower: ImageTower,
    palette: Floats,
    spec: dict[str, Any],
    batch: int,
) -> Iterator[tuple[Floats, Degrees]]:
    """Raw features of photos in order, (≤ batch, d) at a time, and by how much each was turned."""
    side, softness = int(spec["side"]), float(spec["softness"])
    bands = [(float(low), float(high)) for low, high in spec["bands"]]
    below, margin = float(spec.get("turn_below", 0.0)), float(spec.get("turn_margin", 0.0))

    def prepare(part: Sequence[Image]) -> _Prepared:
        framed = [frame(image, side) for image in part]
        colours = [histogram(f, palette, softness=softness, bands=bands) for f in framed]
        return _Prepared(part, np.stack([f.pixels for f in framed]), np.stack(colours))

    def look(prepared: _Prepared) -> tuple[Floats, Floats]:
        seen = tower(prepared.pixels)
        rows = np.concatenate([seen[:, :FEATURES], prepared.colours], axis=1)
        return rows, seen[:, FEATURES:]

    def see(prepared: _Prepared) -> tuple[Floats, Degrees]:
        rows, lies = look(prepared)
        turns = np.zeros(len(rows), np.int64)
        if not lies.shape[1]:
            return rows, turns
        doubtful, quarters = seems_to_lie(lies, below=below)
        if len(doubtful):
            degrees = -quarters % 4 * 90
            stood = [
                prepared.images[i].transpose(TURNS[angle])
                for i, angle in zip(doubtful.tolist(), degrees.tolist(), strict=True)
            ]
            others, again = look(prepare(stood))
            surer = stands_better(lies[doubtful], again, quarters, margin=margin)
            rows[doubtful[surer]], turns[doubtful[surer]] = others[surer], degrees[surer]
        return rows, turns

    parts = [images[start : start + batch] for start in range(0, len(images), batch)]
    if len(parts) == 1:
        yield see(prepare(parts[0]))
        return
    with ThreadPoolExecutor(1) as ahead:  # frames the next batch while the tower sees this one
        waiting = ahead.submit(prepare, parts[0])
        for following in [*parts[1:], None]:
            prepared = waiting.result()
            if following is not None:
                waiting = ahead.submit(prepare, following)
            yield see(prepared)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Photos, ready for the tower, and their colours counted."""

    images: Sequence[Image]
    pixels: Pixels
    colours: Floats


def seems_to_lie(
    lies: Floats, *, below: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64]]:
    """Which of n photos are upright with a probability less than ``below``, and by how many
    quarters counter-clockwise each of those seems to lie turned: 1, 2 or 3.

    ``lies`` (n, 4): logits of being upright, turned by one, two and three quarters.
    """
    upright = _log_shares(lies)[:, 0]
    quarters = lies.argmax(axis=1)
    doubtful = np.flatnonzero((upright < np.log(below)) & (quarters > 0))
    return doubtful, quarters[doubtful].astype(np.int64)


def stands_better(
    before: Floats, after: Floats, quarters: npt.NDArray[np.int64], *, margin: float
) -> npt.NDArray[np.bool_]:
    """Whether two looks together, at the photo as it is and turned by so many ``quarters``
    clockwise, say by ``margin`` nats that it lay: both (n, 4) as for `seems_to_lie`. A sole or a
    photo from above often seems to lie, and seems so again when it is turned."""
    before, after, rows = _log_shares(before), _log_shares(after), np.arange(len(before))
    lay = before[rows, quarters] + after[:, 0]
    stood = before[:, 0] + after[rows, -quarters % 4]
    return np.asarray(lay > stood + margin)


def _log_shares(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=1, keepdims=True)
    found: Floats = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return found
