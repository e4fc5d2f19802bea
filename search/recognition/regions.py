"""Where in a photo is the shoe? Proposals for the crop that a search begins with.

On a plain ground everything that differs from it is looked at. Anywhere else a linear classifier
reads the encoder's own feature map: it was taught on the catalog's photos, cut out where their
ground is plain and set upon pictures that are no shoes, so it needs nobody's labels and no
detector. docs/search.md tells how well it does.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from PIL import Image

from search.crop import SMALLEST, Crop
from search.encoders.base import Encoder, PatchEncoder, patch_encoder
from search.encoders.framing import GRID, cut_out, plain_ground, shoe_mask
from search.nonshoes import strange_pictures
from search.recognition.base import (
    Arrays,
    Floats,
    Linear,
    Report,
    linear,
    silent,
    softmax,
    unit_rows,
)
from search.recognition.discriminant import Head
from search.recognition.gallery import Gallery

VERSION: Final = 1
"""Raised when other crops are proposed for the same photo."""
ENOUGH: Final = 40
"""Photos on a plain ground to learn from, at least."""
SCENES: Final = 160
SIZE: Final = (480, 360)
ROWS: Final = 12_000
"""Patches that are learned from: bounds memory."""
DECAY: Final = 1e-4
BATCH: Final = 16
APART: Final = 2
"""Of ``GRID`` columns: plain ground so wide separates two shoes."""
FRAMED: Final = 0.03
"""Margin on plain ground, as `search.encoders.framing` leaves it."""
WHOLE: Final = 0.5
"""Share of the photo from which a crop is not worth proposing: what it takes away helps less than
what it may cut off hurts (docs/search.md)."""
LEAST: Final = 0.01
"""Share of the photo below which something is no shoe but a label or a shadow."""
BESIDE: Final = 0.25
"""Mass of a further shoe, as a share of the greatest one's."""
MOST: Final = 4
"""Shoes that are proposed."""
MARGIN: Final = 0.1
"""Added to each side, as a share of the crop's longer one: a frame that cuts off toe or heel costs
more than it gains (validation: .714 of street photos named with it as without a crop, .571 with a
tight one)."""
PAIR: Final = 0.8
"""Cosine from which two shoes of one photo are a pair."""


@dataclass(frozen=True, slots=True)
class Finder:
    """What tells a shoe's patches from others', for one encoder."""

    patches: Linear
    """No shoe, a shoe: of patches of unit length."""

    @classmethod
    def learn(
        cls, photos: Sequence[Image.Image], encoder: PatchEncoder, *, report: Report = silent
    ) -> Self | None:
        """From upright photos; None where fewer than ``ENOUGH`` have a plain ground."""
        cuts = [(photo, mask) for photo in photos if (mask := cut_out(photo)) is not None]
        if len(cuts) < ENOUGH:
            return None
        random_ = np.random.default_rng(0)
        vectors, labels = [], []
        for start, batch in _batched(list(scenes(cuts, photos))):
            report("Learning where shoes are", start, SCENES)
            maps = encoder.encode_patches([picture for picture, _ in batch])
            there = np.stack([coverage(mask, maps.shape[1:3]) for _, mask in batch])
            clear = (there < 0.2) | (there > 0.5)
            rows = np.flatnonzero(clear.ravel())
            rows = random_.permutation(rows)[: ROWS * len(batch) // SCENES]
            vectors.append(unit_rows(maps.reshape(-1, maps.shape[-1])[rows]))
            labels.append((there.ravel()[rows] > 0.5).astype(np.intp))
        gallery = Gallery.of(np.concatenate(vectors), np.concatenate(labels), ["ground", "shoe"])
        return cls(Head(decay=DECAY).fit(gallery, None))

    def saliency(self, images: Sequence[Image.Image], encoder: PatchEncoder) -> Floats:
        """Probability of a shoe in each patch, (n, rows, columns)."""
        maps = encoder.encode_patches(images)
        scores = self.patches.scores(unit_rows(maps.reshape(-1, maps.shape[-1])))
        return softmax(scores)[:, 1].reshape(maps.shape[:3])

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        return self.patches.arrays()

    @classmethod
    def restore(cls, arrays: Arrays) -> Self:
        return cls(linear(arrays))


def crops_propose(
    image: Image.Image, *, encoder: Encoder, finder: Finder | None
) -> tuple[Crop, ...]:
    """Where the shoes are, the greatest first; empty where all of the photo is best compared.

    ``image`` is an upright RGB photo of any size. Two shoes of a pair are one. Without a
    ``finder``, or patches to read, only plain grounds are looked at.
    """
    found, patches = on_plain_ground(image), patch_encoder(encoder)
    plain = found is not None
    if found is None and finder is not None and patches is not None:
        found = in_patches(image, finder, patches)
    if not found:
        return ()
    shoes = _pairs_joined(image, found[:MOST], encoder)
    if len(shoes) == 1 and (plain or shoes[0].width * shoes[0].height >= WHOLE):
        return ()
    return tuple(shoes)


def on_plain_ground(image: Image.Image) -> list[Crop] | None:
    """Several shoes on a plain ground; None where the ground is not plain.

    One shoe is no crop: encoders look for the ground at the border, and find the shoe by it. Parts
    are shoes of their own only where ground separates them from top to bottom: the upper
    and the sole of a white shoe on white are parts as well.
    """
    thumb = np.asarray(image.convert("RGB").resize((GRID, GRID), Image.Resampling.BOX))
    ground = plain_ground(thumb)
    if ground is None:
        return None
    mask = shoe_mask(thumb, ground)
    filled = np.flatnonzero(mask.any(axis=0))
    runs = np.split(filled, np.flatnonzero(np.diff(filled) > APART) + 1)
    found = []
    for run in runs:
        rows = np.flatnonzero(mask[:, run[0] : run[-1] + 1].any(axis=1))
        box = (rows[0] / GRID, (rows[-1] + 1) / GRID, run[0] / GRID, (run[-1] + 1) / GRID)
        found.append((len(run) * len(rows), _crop(*box, margin=FRAMED)))
    found.sort(key=lambda pair: -pair[0])
    shoes = [crop for area, crop in found if area >= BESIDE * found[0][0]]
    return shoes if len(shoes) > 1 else []


def in_patches(image: Image.Image, finder: Finder, encoder: PatchEncoder) -> list[Crop]:
    """By the finder: once over all of the photo, then once more around each shoe, finer."""
    first = _crops_of(finder.saliency([image], encoder)[0])[:MOST]
    if not first:
        return []
    around = [_widened(crop, 0.3 * max(crop.width, crop.height)) for crop in first]
    closer = finder.saliency([image.crop(each.box(image.size)) for each in around], encoder)
    found = []
    for crop, outer, values in zip(first, around, closer, strict=True):
        inner = _crops_of(values)
        tight = _within(inner[0], outer) if inner else crop
        found.append(_widened(tight, MARGIN * max(tight.width, tight.height)))
    return found


def _crops_of(values: Floats) -> list[Crop]:
    """Boxes of what is connected in a grid of values in [0, 1], the greatest first."""
    from scipy import ndimage

    rows, columns = values.shape
    parts, count = ndimage.label(values > 0.5, structure=np.ones((3, 3)))
    found: list[tuple[float, Crop]] = []
    for number in range(1, count + 1):
        mass = float(values[parts == number].sum())
        if mass < LEAST * values.size:
            continue
        y0, y1, x0, x1 = best_box(np.where((parts == number) | (parts == 0), values - 0.5, -0.5))
        box = (y0 / rows, y1 / rows, x0 / columns, x1 / columns)
        found.append((mass, _crop(*box, margin=0.0)))
    found.sort(key=lambda pair: -pair[0])
    return [crop for mass, crop in found if mass >= BESIDE * found[0][0]]


def _crop(top: float, bottom: float, left: float, right: float, *, margin: float) -> Crop:
    left, top = max(0.0, left - margin), max(0.0, top - margin)
    return Crop(left, top, min(1.0, right + margin) - left, min(1.0, bottom + margin) - top)


def _widened(crop: Crop, margin: float) -> Crop:
    return _crop(crop.y, crop.y + crop.height, crop.x, crop.x + crop.width, margin=margin)


def _within(crop: Crop, outer: Crop) -> Crop:
    """A part of what ``outer`` cut out, as a part of the whole photo."""
    x, y = outer.x + crop.x * outer.width, outer.y + crop.y * outer.height
    width = max(crop.width * outer.width, SMALLEST)
    height = max(crop.height * outer.height, SMALLEST)
    return Crop(min(x, 1 - width), min(y, 1 - height), width, height)


def _joined(one: Crop, other: Crop) -> Crop:
    return _crop(
        min(one.y, other.y),
        max(one.y + one.height, other.y + other.height),
        min(one.x, other.x),
        max(one.x + one.width, other.x + other.width),
        margin=0.0,
    )


def best_box(values: Floats) -> tuple[int, int, int, int]:
    """Top, bottom, left, right of the rectangle with the greatest sum (Kadane over row pairs)."""
    rows, columns = values.shape
    total = np.zeros((rows + 1, columns))
    total[1:] = values.cumsum(axis=0)
    best, box = -np.inf, (0, rows, 0, columns)
    for top in range(rows):
        strips = np.zeros((rows - top, columns + 1))
        strips[:, 1:] = (total[top + 1 :] - total[top]).cumsum(axis=1)
        low = np.minimum.accumulate(strips, axis=1)
        gains = strips[:, 1:] - low[:, :-1]
        place = int(gains.argmax())
        down, right = divmod(place, columns)
        if gains[down, right] > best:
            best = float(gains[down, right])
            left = int(strips[down, : right + 1].argmin())
            box = (top, top + down + 1, left, right + 1)
    return box


def _pairs_joined(image: Image.Image, found: Sequence[Crop], encoder: Encoder) -> list[Crop]:
    """Two shoes that look the same are one crop that holds both."""
    if len(found) < 2:
        return list(found)
    vectors = encoder.encode_images([image.crop(crop.box(image.size)) for crop in found])
    kept: list[tuple[Crop, int]] = []
    for place, crop in enumerate(found):
        for number, (other, first) in enumerate(kept):
            if vectors[place] @ vectors[first] >= PAIR:
                kept[number] = (_joined(other, crop), first)
                break
        else:
            kept.append((crop, place))
    return [crop for crop, _ in kept]


def scenes(
    cuts: Sequence[tuple[Image.Image, Image.Image]], photos: Sequence[Image.Image]
) -> Iterator[tuple[Image.Image, Image.Image]]:
    """``SCENES`` pictures of one shoe or two upon something else, and where they are (white)."""
    rng = random.Random(0)  # noqa: S311 - pictures, not secrets
    grounds = list(strange_pictures(photos, each=SCENES // 4, seed=1))
    for number in range(SCENES):
        picture = grounds[number % len(grounds)].convert("RGB").resize(SIZE)
        where = Image.new("L", SIZE)
        for _ in range(rng.choice((1, 1, 2))):
            photo, mask = rng.choice(cuts)
            scale = rng.uniform(0.25, 0.95) * min(SIZE[0] / photo.width, SIZE[1] / photo.height)
            size = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
            place = rng.randint(0, SIZE[0] - size[0]), rng.randint(0, SIZE[1] - size[1])
            small = mask.resize(size)
            picture.paste(photo.resize(size), place, small)
            where.paste(255, place, small)
        yield picture, where


def coverage(mask: Image.Image, grid: tuple[int, int]) -> Floats:
    """Share of each cell of a grid that is white, (rows, columns)."""
    shrunk = mask.resize((grid[1], grid[0]), Image.Resampling.BOX)
    return np.asarray(shrunk, np.float64) / 255


def _batched(
    pictures: list[tuple[Image.Image, Image.Image]],
) -> Iterator[tuple[int, list[tuple[Image.Image, Image.Image]]]]:
    for start in range(0, len(pictures), BATCH):
        yield start, pictures[start : start + BATCH]
