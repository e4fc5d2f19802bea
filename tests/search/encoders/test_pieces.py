"""The parts of `lite` by themselves: pixels, framing, counting colours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from search.encoders.colours import cielab, histogram
from search.encoders.framing import GRID, frame, plain_ground
from search.encoders.pixels import as_rgb
from tests.search.encoders.contract import drawn_shoe

PALETTE = cielab(
    np.array([[[200, 30, 30], [30, 40, 200], [255, 255, 255], [10, 10, 10]]], dtype=np.uint8)
)[0]
RED, BLUE, WHITE, BLACK = range(4)


def shares(image: Image.Image) -> np.ndarray:
    return histogram(frame(image, 224), PALETTE, softness=9.0) ** 2


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((119, 119, 119), (50.03, 0, 0)),
    ],
)
def test_cielab_is_the_published_conversion(rgb: tuple[int, ...], lab: tuple[float, ...]) -> None:
    found = cielab(np.array([rgb], dtype=np.uint8))[0]
    np.testing.assert_allclose(found, lab, atol=0.05)


def test_margins_do_not_matter() -> None:
    photo = drawn_shoe("red")
    far = Image.new("RGB", (800, 700), "white")
    far.paste(photo, (300, 250))
    a, b = frame(photo, 224).pixels.astype(int), frame(far, 224).pixels.astype(int)
    assert np.abs(a - b).mean() < 20
    untrimmed = np.asarray(far.resize((224, 224))).astype(int)
    assert np.abs(a - untrimmed).mean() > 30  # or the line above would prove nothing


def test_the_white_of_a_shoe_on_white_counts_and_the_ground_does_not() -> None:
    image = Image.new("RGB", (300, 300), "white")
    image.paste("red", (50, 100, 250, 200))
    image.paste("white", (70, 120, 230, 180))
    found = shares(image)
    assert found[WHITE] == pytest.approx(160 * 60 / (200 * 100), abs=0.08)
    assert found[RED] == pytest.approx(1 - 160 * 60 / (200 * 100), abs=0.08)


@pytest.mark.parametrize("ground", ["white", "black", (90, 140, 60)])
def test_a_plain_ground_of_any_colour_is_left_out(ground: str | tuple[int, int, int]) -> None:
    image = Image.new("RGB", (300, 260), ground)
    image.paste((30, 40, 200), (60, 60, 240, 200))
    assert shares(image)[BLUE] > 0.9


def test_a_busy_ground_is_not_called_plain() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (GRID, GRID, 3), dtype=np.uint8)
    assert plain_ground(noise) is None


def test_padding_is_not_counted() -> None:
    noise = np.random.default_rng(0).integers(0, 60, (50, 400, 3), dtype=np.uint8)
    found = shares(Image.fromarray(noise))
    assert found[WHITE] < 0.02


def test_bands_tell_upper_from_sole() -> None:
    image = Image.new("RGB", (200, 200), "white")
    image.paste((200, 30, 30), (10, 10, 190, 100))
    image.paste((10, 10, 10), (10, 100, 190, 190))
    bands = [(0.0, 0.4), (0.6, 1.0)]
    found = histogram(frame(image, 224), PALETTE, softness=9.0, bands=bands) ** 2
    assert found[RED] > 0.9
    assert found[len(PALETTE) + BLACK] > 0.9


@given(st.integers(1, 400), st.integers(1, 400), st.sampled_from(["RGB", "L", "RGBA", "P"]))
def test_any_size_is_framed(width: int, height: int, mode: str) -> None:
    framed = frame(Image.new(mode, (width, height)), 64)
    assert framed.pixels.shape == (64, 64, 3)
    assert framed.swatch.shape == (GRID, GRID, 3)
    assert framed.shoe.any()


def test_sixteen_bits_become_eight() -> None:
    deep = Image.fromarray(np.array([[0, 128 * 257, 65535]], dtype=np.uint16))
    assert np.asarray(as_rgb(deep))[0, :, 0].tolist() == [0, 128, 255]


def test_a_float_grey_is_read_by_its_range() -> None:
    unit = Image.fromarray(np.array([[0.0, 0.5, 1.0]], dtype=np.float32))
    assert np.asarray(as_rgb(unit))[0, :, 0].tolist() == [0, 127, 255]
    spoilt = Image.fromarray(np.array([[np.nan, 200.0]], dtype=np.float32))
    assert np.asarray(as_rgb(spoilt))[0, :, 0].tolist() == [0, 200]
