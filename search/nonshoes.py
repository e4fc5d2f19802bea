"""Pictures that are no shoes, drawn: nothing else may be shown to be without a licence.

What knows only shoes takes everything for one, so it learns from these as well. Four kinds:

- texture: noise at several scales, stripes, checks, gradients
- drawing: a house, a tree, a cup, a car, a face, a page of text, a bottle, flat and coloured
- pieces: one corner of a shoe photo blown up, in which no shoe can be made out
- shuffled: a shoe photo cut into 64 tiles in a random order: its colours, not its shape
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

VERSION: Final = 1
SIDE: Final = 192

Colour = tuple[int, int, int]


def seeded(key: str) -> random.Random:
    """Draws that are the same ones wherever and whenever the key is."""
    return random.Random(key)  # noqa: S311 - pictures, not secrets


def strange_pictures(
    photos: Sequence[Image.Image], *, each: int, seed: int
) -> Iterator[Image.Image]:
    """Up to ``each`` of every kind; ``photos`` of shoes lend their corners and tiles."""
    for number in range(each):
        for kind, draw in (("texture", texture), ("drawing", drawing)):
            yield draw(f"{kind}:{VERSION}:{seed}:{number}")
    for number, photo in enumerate(photos[:each]):
        for change in (piece, shuffle):
            yield change(photo.convert("RGB"), seeded(f"{seed}:{number}"))


def piece(image: Image.Image, rng: random.Random) -> Image.Image:
    """A tenth of width and height from a corner: mostly ground, street or sole."""
    width, height = (max(2, side // 10) for side in image.size)
    left = rng.choice((0, image.width - width))
    top = rng.choice((0, image.height - height))
    piece = image.crop((left, top, left + width, top + height))
    return piece.resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def shuffle(image: Image.Image, rng: random.Random) -> Image.Image:
    """64 tiles in another order."""
    tiles = np.asarray(image.resize((SIDE, SIDE))).reshape(8, SIDE // 8, 8, SIDE // 8, 3)
    tiles = tiles.transpose(0, 2, 1, 3, 4).reshape(64, SIDE // 8, SIDE // 8, 3)
    tiles = tiles[rng.sample(range(64), 64)].reshape(8, 8, SIDE // 8, SIDE // 8, 3)
    return Image.fromarray(tiles.transpose(0, 2, 1, 3, 4).reshape(SIDE, SIDE, 3))


def texture(name: str) -> Image.Image:
    """Noise, stripes, checks or a gradient; the same for the same name."""
    rng = seeded(name)
    one, other = _colour(rng), _colour(rng)
    kind = rng.choice(("noise", "stripes", "checks", "gradient"))
    if kind == "noise":
        grain = rng.choice((4, 12, 48, SIDE))
        cells = np.random.default_rng(rng.getrandbits(32)).integers(0, 256, (grain, grain, 3))
        image = Image.fromarray(cells.astype(np.uint8))
        return image.resize((SIDE, SIDE), rng.choice((Image.Resampling.BICUBIC,
                                                      Image.Resampling.NEAREST)))  # fmt: skip
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    period = rng.choice((8, 16, 32, 64))
    if kind == "stripes":
        share = ((x * rng.uniform(-1, 1) + y) // period % 2).astype(np.float64)
    elif kind == "checks":
        share = ((x // period + y // period) % 2).astype(np.float64)
    else:
        share = (x * rng.random() + y * rng.random()) / (2 * SIDE)
    mixed = share[..., None] * np.array(one) + (1 - share[..., None]) * np.array(other)
    return Image.fromarray(mixed.astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.6))


def drawing(name: str) -> Image.Image:
    """One of seven things that are no shoes; the same for the same name."""
    rng = seeded(name)
    ground = (255, 255, 255) if rng.random() < 0.5 else _colour(rng)
    image = Image.new("RGB", (SIDE, SIDE), ground)
    rng.choice(_OBJECTS)(ImageDraw.Draw(image), rng)
    return image.rotate(rng.uniform(-12, 12), Image.Resampling.BICUBIC, fillcolor=ground)


def _house(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    draw.rectangle((50, 90, 145, 165), fill=_colour(rng))
    draw.polygon([(40, 92), (97, 40), (155, 92)], fill=_colour(rng))
    draw.rectangle((85, 120, 110, 165), fill=_colour(rng))


def _tree(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    draw.rectangle((90, 110, 106, 175), fill=(100, 70, 40))
    for _ in range(9):
        x, y = rng.randint(60, 135), rng.randint(40, 105)
        draw.ellipse((x - 26, y - 26, x + 26, y + 26), fill=_colour(rng))


def _cup(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    colour = _colour(rng)
    draw.ellipse((115, 75, 165, 135), outline=colour, width=10)
    draw.rectangle((55, 60, 135, 155), fill=colour)
    draw.ellipse((55, 48, 135, 74), fill=_colour(rng))


def _car(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    colour = _colour(rng)
    draw.polygon([(50, 95), (75, 60), (130, 60), (155, 95)], fill=colour)
    draw.rectangle((20, 92, 175, 130), fill=colour)
    for x in (55, 140):
        draw.ellipse((x - 20, 112, x + 20, 152), fill=(20, 20, 20))


def _face(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    draw.ellipse((40, 25, 150, 165), fill=_colour(rng))
    for x in (75, 115):
        draw.ellipse((x - 9, 70, x + 9, 84), fill=(255, 255, 255))
        draw.ellipse((x - 4, 73, x + 4, 82), fill=(20, 20, 20))
    draw.arc((70, 95, 120, 140), 20, 160, fill=(120, 20, 20), width=5)


def _page(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    draw.rectangle((30, 10, 160, 182), fill=(252, 252, 250), outline=(90, 90, 90))
    for y in range(25, 170, 11):
        draw.line((42, y, rng.randint(90, 148), y), fill=(40, 40, 40), width=4)


def _bottle(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    colour = _colour(rng)
    draw.rounded_rectangle((70, 70, 122, 178), 10, fill=colour)
    draw.rectangle((86, 25, 106, 75), fill=colour)
    draw.rectangle((72, 105, 120, 145), fill=_colour(rng))


_OBJECTS: Final[Sequence[Callable[[ImageDraw.ImageDraw, random.Random], None]]] = (
    _house, _tree, _cup, _car, _face, _page, _bottle,
)  # fmt: skip


def _colour(rng: random.Random) -> Colour:
    return rng.randrange(256), rng.randrange(256), rng.randrange(256)
