"""Photos that the rules should reject, made from good ones by distortion, or drawn.

Each maker takes a random generator, so that the same seed gives the same set. What it makes of a
photo stays on the side (train, validation, test) of that photo.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from catalog.images import photo_load
from catalog.photo_rules import Rule

SIDE: Final = 320
Photo = Image.Image
_WORDS = (
    "SALE", "NEW", "shop", "50%", "off", "limited", "free", "shipping", "authentic", "original",
    "best", "price", "@store",
)  # fmt: skip


def shoe_open(path: Path) -> Photo:
    """A photo as the makers take it, at most `SIDE` pixels."""
    with path.open("rb") as file:
        return photo_load(file, longest_side=SIDE)


def partly_visible(photo: Photo, draw: Random) -> Photo:
    """A part of less than a third of the photo, away from its middle or in it."""
    share = draw.uniform(0.3, 0.55)
    width, height = int(photo.width * share), int(photo.height * share)
    left = draw.randint(int(0.05 * photo.width), max(1, photo.width - width))
    top = draw.randint(int(0.15 * photo.height), max(1, int(0.9 * photo.height) - height))
    return photo.crop((left, top, left + width, top + height)).resize((SIDE, SIDE))


def heel_or_sole(photo: Photo, draw: Random) -> Photo:
    """One end of the shoe, or the strip along its sole."""
    left, top, right, bottom = _shoe(photo)
    if draw.random() < 0.5:
        width = int((right - left) * draw.uniform(0.2, 0.3))
        box = (
            (left, top, left + width, bottom)
            if draw.random() < 0.5
            else (right - width, top, right, bottom)
        )
    else:
        height = int((bottom - top) * draw.uniform(0.15, 0.25))
        box = (left, bottom - height, right, bottom)
    part = photo.crop(box)
    framed = Image.new("RGB", (max(part.size), max(part.size)), (255, 255, 255))
    framed.paste(part, ((framed.width - part.width) // 2, (framed.height - part.height) // 2))
    return framed.resize((SIDE, SIDE))


def unclear(photo: Photo, draw: Random) -> Photo:
    """So dark, pale, tinted or small that nobody could tell the colour or the brand."""
    kind = draw.randrange(4)
    if kind == 0:
        return ImageEnhance.Brightness(photo).enhance(draw.uniform(0.06, 0.16))
    if kind == 1:
        pale = ImageEnhance.Contrast(photo).enhance(draw.uniform(0.06, 0.16))
        return ImageEnhance.Color(pale).enhance(0.2)
    if kind == 2:
        tint = Image.new(
            "RGB", photo.size, draw.choice([(200, 20, 20), (20, 40, 200), (20, 160, 40)])
        )
        return Image.blend(photo.convert("L").convert("RGB"), tint, draw.uniform(0.7, 0.85))
    tiny = photo.resize((draw.randint(10, 18), draw.randint(8, 14)))
    return tiny.resize(photo.size, Image.Resampling.BICUBIC)


def overlay_text(photo: Photo, draw: Random) -> Photo:
    """Lines of text, a banner, or a watermark all over."""
    layer = Image.new("RGBA", photo.size)
    pen = ImageDraw.Draw(layer)
    ink = draw.choice([(255, 0, 0), (0, 0, 0), (255, 255, 255), (255, 210, 0), (20, 60, 220)])
    if draw.random() < 0.4:
        font = ImageFont.load_default(photo.height // draw.randint(8, 12))
        for y in range(0, photo.height, photo.height // 4):
            for x in range(-20, photo.width, photo.width // 2):
                pen.text((x, y), draw.choice(_WORDS), (*ink, draw.randint(110, 190)), font)
        layer = layer.rotate(draw.choice([0, 20, -20]))
    else:
        font = ImageFont.load_default(photo.height // draw.randint(5, 8))
        for _ in range(draw.randint(3, 5)):
            y = draw.randint(0, int(0.85 * photo.height))
            if draw.random() < 0.5:
                pen.rectangle(
                    (0, y, photo.width, y + photo.height // 6),
                    (*draw.choice([(220, 20, 30), (20, 20, 20), (250, 210, 0)]), 255),
                )
            pen.text(
                (draw.randint(0, photo.width // 4), y),
                " ".join(draw.sample(_WORDS, 3)),
                (*ink, 255),
                font,
            )
    return Image.alpha_composite(photo.convert("RGBA"), layer).convert("RGB")


def collage(photos: Sequence[Photo], draw: Random) -> Photo:
    """Two to nine photos in a grid."""
    columns, rows = draw.choice([(2, 2), (3, 1), (2, 3), (3, 3), (1, 3), (3, 2)])
    gap = draw.choice([0, 2, 6])
    whole = Image.new(
        "RGB", (SIDE, SIDE), draw.choice([(255, 255, 255), (0, 0, 0), (230, 230, 230)])
    )
    width, height = SIDE // columns, SIDE // rows
    for place in range(columns * rows):
        part = draw.choice(photos).resize((width - gap, height - gap))
        whole.paste(part, (place % columns * width, place // columns * height))
    return whole


def box(draw: Random) -> Photo:
    """A shoe box, drawn: open or closed, plain or with a label, on a floor or on white."""
    photo, pen = _ground(draw)
    colour = draw.choice(
        [
            (205, 120, 40),
            (190, 150, 100),
            (30, 30, 32),
            (200, 30, 40),
            (240, 240, 238),
            (30, 70, 160),
            (60, 130, 70),
        ]
    )
    x, y = draw.randint(30, 70), draw.randint(110, 150)
    width, height, depth = draw.randint(170, 210), draw.randint(70, 110), draw.randint(30, 60)
    front = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    top = [(x, y), (x + depth, y - depth), (x + width + depth, y - depth), (x + width, y)]
    side = [
        (x + width, y),
        (x + width + depth, y - depth),
        (x + width + depth, y - depth + height),
        (x + width, y + height),
    ]
    for shape, shade in ((front, 1.0), (top, 1.15), (side, 0.75)):
        pen.polygon(shape, tuple(min(255, int(c * shade)) for c in colour))
    lid = height // draw.randint(3, 5)
    pen.line([(x, y + lid), (x + width, y + lid)], tuple(int(c * 0.6) for c in colour), 2)
    if draw.random() < 0.7:
        pen.rectangle(
            (x + width - 70, y + lid + 6, x + width - 10, y + height - 8), (250, 250, 250)
        )
        for line in range(4):
            pen.line(
                (
                    x + width - 64,
                    y + lid + 14 + 9 * line,
                    x + width - draw.randint(18, 40),
                    y + lid + 14 + 9 * line,
                ),
                (20, 20, 20),
                2,
            )
    if draw.random() < 0.7:
        ink = (255, 255, 255) if sum(colour) < 400 else (20, 20, 20)
        pen.text(
            (x + 16, y + lid + 12),
            draw.choice(["KARO", "vento", "RUN", "street"]),
            ink,
            ImageFont.load_default(34),
        )
    return _aged(photo.rotate(draw.uniform(-12, 12), fillcolor=photo.getpixel((2, 2))), draw)


def not_a_shoe(draw: Random, others: Sequence[Photo] = ()) -> Photo:
    """Clothes, bags, faces, landscapes, text, patterns and blanks, drawn; or a part of a photo of
    something else."""
    if others and draw.random() < 0.5:
        return _part(draw.choice(others), draw)
    return draw.choice(_DRAWN)(draw)


def _part(photo: Photo, draw: Random) -> Photo:
    share = draw.uniform(0.5, 1.0)
    width, height = int(photo.width * share), int(photo.height * share)
    left, top = draw.randint(0, photo.width - width), draw.randint(0, photo.height - height)
    part = photo.crop((left, top, left + width, top + height)).convert("RGB").resize((SIDE, SIDE))
    if draw.random() < 0.5:
        part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return ImageEnhance.Color(part).enhance(draw.uniform(0.5, 1.4))


def _ground(draw: Random) -> tuple[Photo, ImageDraw.ImageDraw]:
    shade = draw.choice(
        [
            (255, 255, 255),
            (245, 245, 245),
            (200, 180, 150),
            (90, 90, 95),
            tuple(draw.randint(60, 240) for _ in range(3)),
        ]
    )
    photo = Image.new("RGB", (SIDE, SIDE), shade)
    return photo, ImageDraw.Draw(photo)


def _any(draw: Random) -> tuple[int, ...]:
    return tuple(draw.randint(10, 245) for _ in range(3))


def _aged(photo: Photo, draw: Random) -> Photo:
    noise = Image.effect_noise(photo.size, draw.uniform(8, 40)).convert("RGB")
    return Image.blend(photo, noise, 0.06).filter(ImageFilter.GaussianBlur(draw.uniform(0, 1)))


def _blank(draw: Random) -> Photo:
    photo = Image.new("RGB", (SIDE, SIDE), draw.choice([(255, 255, 255), (0, 0, 0), _any(draw)]))
    if draw.random() < 0.5:
        mask = Image.linear_gradient("L").resize(photo.size).rotate(draw.choice([0, 90, 180, 270]))
        photo = Image.composite(photo, Image.new("RGB", photo.size, _any(draw)), mask)
    return _aged(photo, draw) if draw.random() < 0.6 else photo


def _shirt(draw: Random) -> Photo:
    photo, pen = _ground(draw)
    colour, sleeve = _any(draw), draw.randint(40, 130)
    pen.polygon(
        [
            (110, 60),
            (210, 60),
            (270, 60 + sleeve // 2),
            (250, 100 + sleeve),
            (220, 110),
            (222, 280),
            (98, 280),
            (100, 110),
            (70, 100 + sleeve),
            (50, 60 + sleeve // 2),
        ],
        colour,
    )
    pen.ellipse((135, 45, 185, 82), photo.getpixel((2, 2)))
    for stripe in range(draw.choice([0, 0, 5])):
        pen.rectangle((102, 125 + stripe * 28, 218, 134 + stripe * 28), _any(draw))
    return _aged(photo, draw)


def _trousers(draw: Random) -> Photo:
    photo, pen = _ground(draw)
    colour, length = _any(draw), draw.choice([170, 290])
    pen.polygon(
        [
            (110, 30),
            (210, 30),
            (228, length),
            (176, length),
            (160, 110),
            (144, length),
            (92, length),
        ],
        colour,
    )
    pen.rectangle((110, 30, 210, 44), tuple(c // 2 for c in colour))
    return _aged(photo, draw)


def _dress(draw: Random) -> Photo:
    photo, pen = _ground(draw)
    pen.polygon(
        [(130, 30), (145, 60), (175, 60), (190, 30), (195, 120), (250, 290), (70, 290), (125, 120)],
        _any(draw),
    )
    return _aged(photo, draw)


def _bag(draw: Random) -> Photo:
    photo, pen = _ground(draw)
    colour = _any(draw)
    pen.arc((100, 40, 220, 200), 180, 360, colour, draw.randint(6, 14))
    pen.rounded_rectangle((60, 120, 260, 280), draw.randint(4, 40), colour)
    pen.rectangle((60, 160, 260, 168), tuple(c // 2 for c in colour))
    return _aged(photo, draw)


def _hat(draw: Random) -> Photo:
    photo, pen = _ground(draw)
    colour = _any(draw)
    pen.pieslice((80, 80, 240, 260), 180, 360, colour)
    pen.ellipse(
        (40, 160, 200 if draw.random() < 0.5 else 280, 195), tuple(c * 3 // 4 for c in colour)
    )
    return _aged(photo, draw)


def _face(draw: Random) -> Photo:
    photo, pen = _ground(draw)
    skin = draw.choice([(240, 205, 180), (200, 150, 115), (120, 80, 55), (250, 225, 200)])
    pen.rectangle((90, 230, 230, 320), _any(draw))
    pen.ellipse((95, 50, 225, 240), skin)
    pen.pieslice(
        (88, 35, 232, 190), 180, 360, draw.choice([(40, 25, 15), (180, 140, 70), (20, 20, 22)])
    )
    for x in (130, 180):
        pen.ellipse((x, 125, x + 14, 137), (30, 30, 40))
    pen.arc((135, 170, 185, 205), 20, 160, (150, 50, 50), 4)
    return _aged(photo, draw)


def _landscape(draw: Random) -> Photo:
    photo, pen = _ground(draw)
    horizon = draw.randint(120, 220)
    pen.rectangle((0, 0, SIDE, horizon), (draw.randint(90, 180), draw.randint(150, 210), 240))
    pen.rectangle(
        (0, horizon, SIDE, SIDE), draw.choice([(70, 130, 60), (220, 200, 140), (60, 110, 160)])
    )
    for _ in range(draw.randint(1, 4)):
        x, tall = draw.randint(0, SIDE), draw.randint(60, 150)
        pen.polygon([(x - tall, horizon), (x, horizon - tall), (x + tall, horizon)], _any(draw))
    return _aged(photo, draw)


def _page(draw: Random) -> Photo:
    photo = Image.new(
        "RGB", (SIDE, SIDE), draw.choice([(255, 255, 255), (250, 248, 235), (20, 20, 24)])
    )
    pen = ImageDraw.Draw(photo)
    ink = (235, 235, 235) if photo.getpixel((0, 0)) == (20, 20, 24) else (25, 25, 25)
    size = draw.randint(9, 26)
    font = ImageFont.load_default(size)
    for y in range(12, SIDE - 12, size + 5):
        pen.text((14, y), " ".join(draw.choices(_WORDS, k=7))[: draw.randint(8, 60)], ink, font)
    return photo


def _pattern(draw: Random) -> Photo:
    photo, pen = _ground(draw)
    one, two, step = _any(draw), _any(draw), draw.randint(8, 50)
    kind = draw.randrange(3)
    for x in range(0, SIDE, step):
        for y in range(0, SIDE, step):
            if kind == 0 and (x // step + y // step) % 2:
                pen.rectangle((x, y, x + step, y + step), one)
            elif kind == 1:
                pen.ellipse(
                    (x, y, x + step * 2 // 3, y + step * 2 // 3), one if (x + y) % 2 else two
                )
            elif kind == 2 and y == 0 and (x // step) % 2:
                pen.rectangle((x, 0, x + step, SIDE), one)
    return _aged(photo.rotate(draw.choice([0, 30, 45]), fillcolor=two), draw)


def _things(draw: Random) -> Photo:
    """A bottle, a ball, a chair, a watch: simple outlines of other wares."""
    photo, pen = _ground(draw)
    colour, kind = _any(draw), draw.randrange(4)
    if kind == 0:
        pen.rounded_rectangle((125, 110, 195, 290), 14, colour)
        pen.rectangle((146, 50, 174, 112), colour)
    elif kind == 1:
        pen.ellipse((70, 70, 250, 250), colour)
        pen.arc((70, 110, 250, 210), 0, 180, _any(draw), 5)
    elif kind == 2:
        pen.rectangle((100, 160, 220, 185), colour)
        pen.rectangle((100, 50, 116, 290), colour)
        pen.rectangle((204, 180, 220, 290), colour)
    else:
        pen.rectangle((138, 20, 182, 300), colour)
        pen.ellipse((105, 105, 215, 215), _any(draw))
        pen.ellipse((118, 118, 202, 202), (245, 245, 240))
        pen.line((160, 160, 160 + int(30 * math.cos(draw.random() * 6)), 140), (20, 20, 20), 3)
    return _aged(photo, draw)


_DRAWN: Final[tuple[Callable[[Random], Photo], ...]] = (
    _blank, _shirt, _shirt, _trousers, _dress, _bag, _hat, _face, _landscape, _page, _pattern,
    _things,
)  # fmt: skip


def _shoe(photo: Photo) -> tuple[int, int, int, int]:
    """The box around what is not white; the whole photo where the ground is not white."""
    dark = photo.convert("L").point(lambda value: 255 if value < 240 else 0)
    return dark.getbbox() or (0, 0, *photo.size)


BY_PHOTO: Final[Mapping[Rule, Callable[[Photo, Random], Photo]]] = {
    Rule.PARTLY_VISIBLE: partly_visible,
    Rule.HEEL_OR_SOLE: heel_or_sole,
    Rule.UNCLEAR: unclear,
    Rule.OVERLAY_TEXT: overlay_text,
}
