"""Photos for tests, drawn here: no file is read from outside."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageDraw

from catalog import images  # noqa: F401 - teaches Pillow to write HEIC


def picture(size: tuple[int, int] = (120, 80), *, seed: int = 0) -> Image.Image:
    """Four corners of different colour, so that turning shows; ``seed`` makes it another photo."""
    width, height = size
    image = Image.new("RGB", size, (250, 250, 250))
    draw = ImageDraw.Draw(image)
    half = (width // 2, height // 2)
    draw.rectangle((0, 0, half[0] - 1, half[1] - 1), (200, 30, 40))
    draw.rectangle((half[0], 0, width, half[1] - 1), (30, 160, 60))
    draw.rectangle((0, half[1], half[0] - 1, height), (40, 60, 200))
    if seed:
        step = 5 + seed % 11
        shade = (seed * 37 % 256, seed * 91 % 256, seed * 53 % 256)
        draw.ellipse((step, step, step + width // 2, step + height // 2), shade)
        draw.line((0, seed % height, width, height - seed % height), shade, 3)
    return image


def encoded(image: Image.Image | None = None, kind: str = "JPEG", **options: Any) -> bytes:
    image = picture() if image is None else image
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def photo_bytes(seed: int = 1, size: tuple[int, int] = (96, 72)) -> bytes:
    """A small JPEG, another one for each seed."""
    return encoded(picture(size, seed=seed), quality=80)


def bomb(width: int = 30000, height: int = 30000) -> bytes:
    """A PNG of a few hundred bytes whose header promises a gigapixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 3000))
        + chunk(b"IEND", b"")
    )
