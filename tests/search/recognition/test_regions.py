"""Where in a photo the shoe is: learned from photos on plain ground, found in a mess."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from PIL import Image

from search.crop import Crop
from search.nonshoes import strange_pictures
from search.recognition.regions import ENOUGH, Finder, best_box, crops_propose
from search.types import Patches
from tests.fakes import FakeEncoder
from tests.search.encoders.contract import drawn_shoe

CELLS = 12


class Colours(FakeEncoder):
    """Patches are their mean colours and products of them."""

    gives_patches = True

    def encode_patches(self, images: Sequence[Image.Image]) -> Patches:
        small = [image.convert("RGB").resize((CELLS, CELLS), Image.Resampling.BOX)
                 for image in images]  # fmt: skip
        rgb = np.stack([np.asarray(image, np.float32) for image in small]) / 255
        pairs = rgb[..., :, None] * rgb[..., None, :]
        parts = (rgb, pairs.reshape(*rgb.shape[:3], 9), np.ones((*rgb.shape[:3], 1)))
        return np.concatenate(parts, axis=-1).astype(np.float32)


@cache
def finder() -> Finder:
    shoes = [drawn_shoe("red", size=(200 + n, 150)) for n in range(ENOUGH + 4)]
    learned = Finder.learn(shoes, Colours())
    assert learned is not None
    return learned


def upon(ground: Image.Image, shoe: Image.Image, place: tuple[int, int]) -> Image.Image:
    photo = ground.convert("RGB").resize((480, 360))
    cut = shoe.convert("L").point(lambda value: 255 if value < 250 else 0)
    photo.paste(shoe, place, cut)
    return photo


def overlap(one: Crop, other: Crop) -> float:
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    both = max(across, 0) * max(down, 0)
    return both / (one.width * one.height + other.width * other.height - both)


def test_a_shoe_in_a_mess_is_found() -> None:
    photo = upon(Image.new("RGB", (8, 8), "teal"), drawn_shoe("red", size=(160, 120)), (260, 200))
    photo.paste("navy", (0, 0, 480, 90))  # no plain ground
    photo.paste("olive", (0, 0, 120, 360))
    found = crops_propose(photo, encoder=Colours(), finder=finder())
    assert len(found) == 1
    assert overlap(found[0], Crop(276 / 480, 230 / 360, 131 / 480, 64 / 360)) > 0.35


def test_without_what_was_learned_nothing_is_proposed_in_a_mess() -> None:
    photo = next(iter(strange_pictures([], each=1, seed=3)))
    photo.paste("red", (0, 0, 60, 60))
    assert crops_propose(photo, encoder=FakeEncoder(), finder=finder()) == ()
    assert crops_propose(photo, encoder=Colours(), finder=None) == ()


def test_one_shoe_on_plain_ground_needs_no_crop() -> None:
    assert crops_propose(drawn_shoe("red"), encoder=FakeEncoder(), finder=None) == ()


@pytest.mark.parametrize(("colours", "shoes"), [(("red", "blue"), 2), (("red", "red"), 0)])
def test_several_shoes_are_told_apart_and_a_pair_is_one(
    colours: tuple[str, str], shoes: int
) -> None:
    photo = Image.new("RGB", (480, 200), "white")
    for place, colour in enumerate(colours):
        photo.paste(drawn_shoe(colour, size=(220, 160)), (10 + 240 * place, 20))
    found = crops_propose(photo, encoder=FakeEncoder(), finder=None)
    assert len(found) == shoes


def test_too_few_photos_on_plain_ground_teach_nothing() -> None:
    assert Finder.learn([drawn_shoe("red")] * (ENOUGH - 1), Colours()) is None


def test_what_was_learned_is_kept_whole() -> None:
    photo = drawn_shoe("red")
    again = Finder.restore(finder().arrays())
    one, other = (each.saliency([photo], Colours()) for each in (finder(), again))
    assert np.allclose(one, other)


@pytest.mark.parametrize("seed", range(5))
def test_the_best_box_is_the_best_of_all(seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(5, 6))
    top, bottom, left, right = best_box(values)
    sums = [
        values[a:b, c:d].sum()
        for a in range(5) for b in range(a + 1, 6) for c in range(6) for d in range(c + 1, 7)
    ]  # fmt: skip
    assert values[top:bottom, left:right].sum() == pytest.approx(max(sums))
