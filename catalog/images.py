"""From untrusted bytes to an upright RGB photo: check, cap, decode, orient, hash.

Nothing is decoded before the bytes and the size that the header states are within the limits.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import IO, Any

import imagehash
import numpy as np
import pillow_heif
from django.conf import settings
from PIL import Image, ImageCms, ImageOps

from catalog.exceptions import PhotoRejected
from catalog.types import PhotoRejection

pillow_heif.register_heif_opener()
# `_check_pixels` is stricter and has an answer for people; Pillow's warning would only be noise.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "BMP", "TIFF")
"""What is read, as Pillow calls it. MPO, the multi-picture JPEG of phones, counts as JPEG."""

FORMATS_FOR_PEOPLE = "JPEG, PNG, WebP, AVIF or HEIC"
ORIENTATION = 0x0112
HASH_SIDE = 256

_KNOWN_STARTS = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"BM",
    b"II*\0",
    b"MM\0*",
)
_OTHER_STARTS = {
    b"%PDF": "a PDF document",
    b"8BPS": "a Photoshop file",
    b"%!PS": "a PostScript file",
    b"\0\0\1\0": "an icon file",
    b"\0\0\0\x0cJXL ": "a JPEG XL file",
    b"\xff\x0a": "a JPEG XL file",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 file",
    b"\x1aE\xdf\xa3": "a video",
}  # fmt: skip
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoLimits:
    """What a photo may cost."""

    max_bytes: int
    max_pixels: int
    min_side: int
    """Shorter side in pixels under which there is nothing to recognise."""

    @classmethod
    def from_settings(cls) -> PhotoLimits:
        """The limits of SHOEFINDER_PHOTO_MAX_BYTES, _MAX_PIXELS and _MIN_SIDE."""
        return cls(
            max_bytes=settings.SHOEFINDER_PHOTO_MAX_BYTES,
            max_pixels=settings.SHOEFINDER_PHOTO_MAX_PIXELS,
            min_side=settings.SHOEFINDER_PHOTO_MIN_SIDE,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFacts:
    """What is kept of a photo beside its bytes; it has been decoded whole."""

    format: str
    """How the bytes were encoded, one of `FORMATS`, whatever a file name said."""
    sha256: str
    """Of the bytes as received, 64 hex digits."""
    perceptual_hash: str
    """See `perceptual_hash`."""
    width: int
    """Of the upright photo, in pixels."""
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo(PhotoFacts):
    """A photo to be looked at."""

    image: Image.Image
    """RGB, upright, without metadata."""


def photo_open(
    content: bytes, *, limits: PhotoLimits | None = None, reduced: bool = False
) -> Photo:
    """Decode an untrusted photo: the first frame, upright by EXIF, RGB on white.

    Args:
        content: the bytes as received; a file name or content type plays no part.
        limits: by default those of the settings.
        reduced: ``image`` may be smaller than the photo (not below `HASH_SIDE`). A JPEG is then
            still read to its last byte, in a third of the time.

    Raises:
        PhotoRejected: with the reason and a message for people.
    """
    opened = _open_checked(content, limits or PhotoLimits.from_settings())
    size = opened.size
    if reduced:
        _shrink_on_load(opened, HASH_SIDE)
    image = _load_checked(opened)
    return Photo(image=image, **_facts(content, opened, size, image))


def photo_measure(
    content: bytes, *, limits: PhotoLimits | None = None, sha256: str = ""
) -> PhotoFacts:
    """Check an untrusted photo as `photo_open` does, for who does not look at it.

    A JPEG is decoded in grey and at a fraction of its size, still to its last byte: half of the
    time. Its hash is that of `photo_open` but for a bit, at most two, in one photo of thirty.

    Args:
        sha256: of the content, where it is known already.

    Raises:
        PhotoRejected: with the reason and a message for people.
    """
    opened = _open_checked(content, limits or PhotoLimits.from_settings())
    size = opened.size
    # The grey of another profile is not that of sRGB.
    may_be_grey = opened.format in {"JPEG", "MPO"} and _foreign_profile(opened) is None
    _shrink_on_load(opened, HASH_SIDE, mode="L" if may_be_grey else None)
    upright = _load_checked(opened, keep_grey=may_be_grey)
    return PhotoFacts(**_facts(content, opened, size, upright, sha256))


def _open_checked(content: bytes, limits: PhotoLimits) -> Image.Image:
    """Opened, not decoded yet; bytes and pixels are within the limits."""
    if not content:
        raise PhotoRejected(PhotoRejection.EMPTY, "The file is empty.")
    if len(content) > limits.max_bytes:
        raise PhotoRejected(
            PhotoRejection.TOO_MANY_BYTES,
            f"The file has {_megabytes(len(content))}; at most {_megabytes(limits.max_bytes)} "
            "are taken. Save it smaller and try again.",
        )
    opened = _open_header(content)
    _check_pixels(opened.size, limits)
    return opened


def _load_checked(opened: Image.Image, *, keep_grey: bool = False) -> Image.Image:
    """Decoded to its end, upright, RGB (or grey, where it is and that will do)."""
    try:
        opened.load()
        upright = _orient(opened)
        return upright if keep_grey and upright.mode == "L" else to_rgb(upright)
    except Exception as error:
        # Decoders of hostile bytes raise nearly anything: OSError, SyntaxError, struct.error …
        raise PhotoRejected(
            PhotoRejection.TRUNCATED,
            "The photo is damaged or was cut short. Get the file anew and try again.",
        ) from error


def _facts(
    content: bytes,
    opened: Image.Image,
    size: tuple[int, int],
    upright: Image.Image,
    sha256: str = "",
) -> dict[str, Any]:
    """The fields of `PhotoFacts`. ``size`` is what the header said before it was shrunk."""
    # Turned on its side by EXIF: the header's size is that of the photo lying down.
    is_turned = upright.size != opened.size
    return {
        "format": "JPEG" if opened.format == "MPO" else str(opened.format),
        "sha256": sha256 or hashlib.sha256(content).hexdigest(),
        "perceptual_hash": perceptual_hash(upright),
        "width": size[1] if is_turned else size[0],
        "height": size[0] if is_turned else size[1],
    }


def photo_load(
    file: IO[bytes], *, longest_side: int | None = None, at_least: int | None = None
) -> Image.Image:
    """A stored photo as upright RGB, its longest side at most ``longest_side`` pixels.

    JPEG is decoded at a fraction of its size (the decoder's draft mode, twice as fast on a photo
    of 1000 px), never below the wanted one.

    With ``at_least`` it is shrunk by a whole factor only, so that its longest side stays at least
    that and below twice that: for who resizes it anyway. At 600 px a tenth of the time that an
    exact ``longest_side`` of 448 takes.

    Raises:
        OSError: the file is missing or no longer whole.
    """
    image: Image.Image = Image.open(file, formats=FORMATS)
    wanted = longest_side or at_least
    if wanted is not None:
        _shrink_on_load(image, wanted)
    image.load()
    image = to_rgb(_orient(image))
    if at_least is not None and max(image.size) >= 2 * at_least:
        image = image.reduce(max(image.size) // at_least)
    if longest_side is not None and max(image.size) > longest_side:
        image.thumbnail((longest_side, longest_side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return image


def perceptual_hash(image: Image.Image) -> str:
    """64-bit difference hash of the photo, as 16 hex digits.

    A Hamming distance of at most 4 catches re-encoded and resized copies; crops and flips do not.
    """
    # A whole factor, to at least HASH_SIDE: a tenth of the time of an exact size.
    factor = max(1, max(image.size) // HASH_SIDE)
    small = image.reduce(factor) if factor > 1 else image
    return np.packbits(imagehash.dhash(small).hash).tobytes().hex()


def _shrink_on_load(image: Image.Image, longest_side: int, mode: str | None = None) -> None:
    """Let a JPEG be decoded at a fraction of its size, its longest side at least this.

    Args:
        mode: "L" for grey, which spares decoding a JPEG's colours.
    """
    scale = min(1.0, longest_side / max(image.size))
    image.draft(mode, (max(1, round(image.width * scale)), max(1, round(image.height * scale))))


def to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow mode as sRGB; what is transparent becomes white, as shops show their photos."""
    image = _to_srgb(image)
    if image.mode == "RGB" and "transparency" not in image.info:
        plain = image.copy() if image.info else image
        plain.info = {}
        return plain
    if image.mode.startswith("I") or image.mode == "F":
        return _wide_grey_to_rgb(image)
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, layer).convert("RGB")
    plain = image.convert("RGB")
    plain.info = {}
    return plain


def _to_srgb(image: Image.Image) -> Image.Image:
    """Follow an embedded colour profile: phones write Display P3, print shops CMYK."""
    source = _foreign_profile(image) if image.mode in {"RGB", "CMYK"} else None
    if source is None:
        return image
    try:
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image  # A broken profile must not cost the photo; its colours are slightly off.
    return converted or image


def _foreign_profile(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """Its colour profile, if it has one that can be read and is not sRGB's."""
    profile = image.info.get("icc_profile")
    if not profile:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return None if "srgb" in ImageCms.getProfileName(source).lower() else source
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _wide_grey_to_rgb(image: Image.Image) -> Image.Image:
    """16-bit and float greys scaled to 8 bits, where Pillow's own conversion would clip them."""
    values = np.asarray(image).astype(np.float64)
    top = 65535.0 if image.mode.startswith("I;16") else float(np.nan_to_num(values).max(initial=0))
    ceiling = 1.0 if top <= 1.0 else 255.0 if top <= 255.0 else 65535.0
    grey = np.clip(np.nan_to_num(values) * (255.0 / ceiling), 0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _orient(image: Image.Image) -> Image.Image:
    try:
        if image.getexif().get(ORIENTATION, 1) == 1:
            return image
        return ImageOps.exif_transpose(image)
    except (OSError, ValueError, TypeError, KeyError, SyntaxError):
        return image  # Broken EXIF says nothing about which side is up.


def _open_header(content: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise PhotoRejected(
            PhotoRejection.TOO_MANY_PIXELS, "The photo has far too many pixels."
        ) from error
    except Exception as error:
        raise _unreadable(content) from error


def _unreadable(content: bytes) -> PhotoRejected:
    """Tell a photo that was cut short from what never was one."""
    start = content[:32]
    if start.startswith(_KNOWN_STARTS) or start[8:12] == b"WEBP" or _is_heif(start):
        return PhotoRejected(
            PhotoRejection.TRUNCATED,
            "The photo is damaged or was cut short. Get the file anew and try again.",
        )
    other = next((name for magic, name in _OTHER_STARTS.items() if start.startswith(magic)), "")
    if not other and start[4:8] == b"ftyp":
        other = "a video"
    if not other and b"<svg" in content[:1024].lower():
        other = "a drawing (SVG)"
    if other:
        return PhotoRejected(
            PhotoRejection.UNSUPPORTED_FORMAT,
            f"This is {other}. Use a photo in {FORMATS_FOR_PEOPLE}.",
        )
    return PhotoRejected(
        PhotoRejection.NOT_AN_IMAGE,
        f"This file is not a photo, whatever its name says. Use {FORMATS_FOR_PEOPLE}.",
    )


def _is_heif(start: bytes) -> bool:
    return start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS


def _check_pixels(size: tuple[int, int], limits: PhotoLimits) -> None:
    width, height = size
    if width * height > limits.max_pixels:
        raise PhotoRejected(
            PhotoRejection.TOO_MANY_PIXELS,
            f"The photo has {width} × {height} pixels; at most "
            f"{limits.max_pixels // 1_000_000} megapixels are taken.",
        )
    if min(width, height) < limits.min_side:
        raise PhotoRejected(
            PhotoRejection.TOO_SMALL,
            f"The photo has {width} × {height} pixels; each side needs at least {limits.min_side}.",
        )


def _megabytes(count: int) -> str:
    return f"{count / 1024 / 1024:.1f} MB"
