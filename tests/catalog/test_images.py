"""Photos as people and shops send them, whole and broken."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from catalog.exceptions import PhotoRejected
from catalog.images import PhotoLimits, perceptual_hash, photo_load, photo_measure, photo_open
from catalog.types import PhotoRejection
from tests.catalog.photos import bomb, encoded, picture

LIMITS = PhotoLimits(max_bytes=200_000, max_pixels=1_000_000, min_side=32)

RED, GREEN, BLUE, WHITE = (200, 30, 40), (30, 160, 60), (40, 60, 200), (250, 250, 250)
UPRIGHT = [RED, GREEN, BLUE, WHITE]


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """Top left, top right, bottom left, bottom right."""
    x, y = image.width // 4, image.height // 4
    points = [(x, y), (3 * x, y), (x, 3 * y), (3 * x, 3 * y)]
    return [image.getpixel(point) for point in points]  # type: ignore[misc]


def close(a: list[tuple[int, ...]], b: list[tuple[int, ...]], within: int = 24) -> bool:
    return bool(np.abs(np.array(a, dtype=int) - np.array(b, dtype=int)).max() <= within)


def rejection(content: bytes, limits: PhotoLimits = LIMITS) -> PhotoRejected:
    with pytest.raises(PhotoRejected) as caught:
        photo_open(content, limits=limits)
    with pytest.raises(PhotoRejected) as measured:
        photo_measure(content, limits=limits)
    assert measured.value.args == caught.value.args
    assert caught.value.message
    return caught.value


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "BMP", "TIFF"])
def test_reads_each_format(kind: str) -> None:
    photo = photo_open(encoded(kind=kind), limits=LIMITS)
    assert (photo.format, photo.image.mode, photo.image.size) == (kind, "RGB", (120, 80))
    assert (photo.width, photo.height) == (120, 80)
    assert close(corners(photo.image), UPRIGHT, within=40)
    assert len(photo.sha256) == 64
    assert len(photo.perceptual_hash) == 16


def test_a_heic_named_jpg_is_read_for_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "IMG_0001.jpg"
    path.write_bytes(encoded(kind="HEIF"))
    assert photo_open(path.read_bytes(), limits=LIMITS).format == "HEIF"
    with path.open("rb") as file:
        assert photo_load(file, longest_side=60).size == (60, 40)


@pytest.mark.parametrize(
    "content",
    [b"hello", b"<html><body>Sorry</body></html>", b"PK\x03\x04" + b"\0" * 60, b"\0" * 500],
)
def test_what_is_not_an_image(content: bytes) -> None:
    assert rejection(content).reason is PhotoRejection.NOT_AN_IMAGE


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"%PDF-1.7 ...", "PDF"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "video"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    ],
)
def test_formats_that_are_not_taken_are_named(content: bytes, named: str) -> None:
    error = rejection(content)
    assert error.reason is PhotoRejection.UNSUPPORTED_FORMAT
    assert named in error.message


def test_nothing_at_all() -> None:
    assert rejection(b"").reason is PhotoRejection.EMPTY


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "TIFF"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_cut_short(kind: str, share: float) -> None:
    noise = Image.effect_noise((200, 160), 80).convert("RGB")
    content = encoded(noise, kind)
    assert rejection(content[: int(len(content) * share)]).reason is PhotoRejection.TRUNCATED


def test_too_many_bytes_is_told_before_anything_is_read() -> None:
    error = rejection(b"x" * (LIMITS.max_bytes + 1))
    assert error.reason is PhotoRejection.TOO_MANY_BYTES
    assert "at most 0.2 MB" in error.message


@pytest.mark.parametrize("side", [1001, 12_000, 60_000])
def test_a_decompression_bomb_is_refused_by_its_header(side: int) -> None:
    # If it were decoded, the missing pixel data would make it TRUNCATED instead.
    assert rejection(bomb(side, side)).reason is PhotoRejection.TOO_MANY_PIXELS


def test_one_pixel() -> None:
    error = rejection(encoded(Image.new("RGB", (1, 1)), "PNG"))
    assert error.reason is PhotoRejection.TOO_SMALL
    assert "1 × 1" in error.message


def test_the_limits_come_from_the_settings(settings: object) -> None:
    settings.SHOEFINDER_PHOTO_MIN_SIDE = 100  # type: ignore[attr-defined]
    with pytest.raises(PhotoRejected) as caught:
        photo_open(encoded())
    assert caught.value.reason is PhotoRejection.TOO_SMALL


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_exif_orientation(kind: str, orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = picture().transpose(undo[orientation]) if orientation > 1 else picture()
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(stored, kind, exif=exif)
    photo = photo_open(content, limits=LIMITS)
    assert photo.image.size == (120, 80)
    assert close(corners(photo.image), UPRIGHT, within=40)
    assert "exif" not in photo.image.info
    assert close(corners(photo_load(io.BytesIO(content), longest_side=60)), UPRIGHT, within=40)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize(
    ("side", "at_least", "size"),
    [(600, 448, (600, 400)), (900, 448, (450, 300)), (1000, 100, (100, 67)), (60, 100, (60, 40))],
)
def test_shrunk_by_a_whole_factor(
    kind: str, side: int, at_least: int, size: tuple[int, int]
) -> None:
    content = encoded(picture().resize((side, side * 2 // 3)), kind)
    image = photo_load(io.BytesIO(content), at_least=at_least)
    # JPEG is decoded at 1/2, 1/4 or 1/8, the rest is done in whole steps.
    assert at_least <= image.width < 2 * at_least or image.width == side < at_least
    assert image.width / image.height == pytest.approx(1.5, abs=0.05)
    if kind == "PNG":
        assert abs(image.width - size[0]) <= 1
    assert close(corners(image), UPRIGHT, within=40)


def test_broken_exif_costs_the_turn_and_not_the_photo() -> None:
    content = encoded(exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 20)
    assert close(corners(photo_open(content, limits=LIMITS).image), UPRIGHT)


def test_of_an_animation_the_first_frame() -> None:
    second = Image.new("RGB", (120, 80), (0, 0, 0))
    for kind in ("GIF", "WEBP"):
        content = encoded(picture(), kind, save_all=True, append_images=[second] * 3, duration=50)
        photo = photo_open(content, limits=LIMITS)
        assert photo.image.size == (120, 80)
        assert close(corners(photo.image), UPRIGHT, within=40)


def test_cmyk() -> None:
    photo = photo_open(encoded(picture().convert("CMYK")), limits=LIMITS)
    assert photo.image.mode == "RGB"
    assert close(corners(photo.image), UPRIGHT, within=30)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_and_not_clipped(kind: str) -> None:
    ramp = np.linspace(0, 65535, 100 * 80).reshape(80, 100).astype(np.uint16)
    photo = photo_open(encoded(Image.fromarray(ramp), kind), limits=LIMITS)
    grey = np.asarray(photo.image)[:, :, 0]
    assert (grey.min(), grey.max()) == (0, 255)
    assert 120 <= grey.mean() <= 135


def test_a_dark_sixteen_bit_photo_stays_dark() -> None:
    dark = np.full((80, 100), 200, dtype=np.uint16)
    photo = photo_open(encoded(Image.fromarray(dark), "PNG"), limits=LIMITS)
    assert np.asarray(photo.image).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_palette_with_transparency_stands_on_white(kind: str) -> None:
    image = Image.new("P", (64, 64), 0)
    image.putpalette([0, 0, 0, 200, 30, 40])
    image.paste(1, (0, 0, 32, 64))
    photo = photo_open(encoded(image, kind, transparency=0), limits=LIMITS)
    assert photo.image.getpixel((10, 10)) == (200, 30, 40)
    assert photo.image.getpixel((50, 10)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_stands_on_white(mode: str) -> None:
    image = Image.new(mode, (64, 64), (0, 0) if mode == "LA" else (0, 0, 0, 0))
    photo = photo_open(encoded(image, "PNG"), limits=LIMITS)
    assert photo.image.getpixel((1, 1)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "YCbCr"])
def test_other_modes(mode: str) -> None:
    kind = "JPEG" if mode == "YCbCr" else "PNG"
    assert photo_open(encoded(picture().convert(mode), kind), limits=LIMITS).image.mode == "RGB"


def test_a_colour_profile_is_followed_and_a_broken_one_survived() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (srgb, lab, b"not a profile"):
        photo = photo_open(encoded(icc_profile=profile), limits=LIMITS)
        assert close(corners(photo.image), UPRIGHT)
        assert photo.image.info == {}


def test_loading_a_stored_photo_shrinks_but_never_enlarges() -> None:
    content = encoded(picture((1000, 400)))
    assert photo_load(io.BytesIO(content), longest_side=224).size == (224, 90)
    assert photo_load(io.BytesIO(content)).size == (1000, 400)
    assert photo_load(io.BytesIO(encoded()), longest_side=500).size == (120, 80)


def test_the_perceptual_hash_survives_re_encoding_and_tells_photos_apart() -> None:
    def distance(a: str, b: str) -> int:
        return (int(a, 16) ^ int(b, 16)).bit_count()

    original = photo_open(encoded(picture((400, 300), seed=3)), limits=LIMITS)
    small = encoded(picture((400, 300), seed=3).resize((200, 150)), "WEBP", quality=60)
    other = photo_open(encoded(picture((400, 300), seed=8)), limits=LIMITS)
    assert distance(original.perceptual_hash, photo_open(small).perceptual_hash) <= 4
    assert distance(original.perceptual_hash, other.perceptual_hash) > 4
    assert original.perceptual_hash == perceptual_hash(original.image)


def test_measuring_tells_what_opening_tells() -> None:
    grey, cmyk = picture((700, 500)).convert("L"), picture((700, 500)).convert("CMYK")
    turned = Image.Exif()
    turned[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for content in (
        encoded(picture((900, 600), seed=4)),
        encoded(picture((900, 600), seed=4), "PNG"),
        encoded(picture((900, 600), seed=4), exif=turned),
        encoded(picture((900, 600), seed=4), icc_profile=profile),
        encoded(grey),
        encoded(cmyk),
    ):
        photo, facts = photo_open(content, limits=LIMITS), photo_measure(content, limits=LIMITS)
        for name in ("format", "sha256", "width", "height"):
            assert getattr(facts, name) == getattr(photo, name)
        differ = int(facts.perceptual_hash, 16) ^ int(photo.perceptual_hash, 16)
        assert differ.bit_count() <= 1


@given(st.binary(max_size=400), st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "TIFF"]))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused(noise: bytes, kind: str) -> None:
    content = encoded(picture((48, 40)), kind)
    for hostile in (noise, content[:60] + noise + content[60 + len(noise) :]):
        # Anything but a PhotoRejected fails the test.
        with suppress(PhotoRejected):
            assert photo_open(hostile, limits=LIMITS).image.mode == "RGB"
