"""What goes wrong in the shops that a crawler meets, each on request.

Photo faults spoil the last photo of some products, page faults the page or its data; the rest
adds addresses that lead nowhere good. Which products are hit follows from their order alone.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache

from PIL import Image

STRIDE = 24  # of every so many products one has a given fault


class Fault(StrEnum):
    # a photo
    TRUNCATED_IMAGE = "truncated-image"
    HTML_AS_IMAGE = "html-as-image"
    ONE_PIXEL = "one-pixel"
    BOMB = "bomb"  # 20,000 x 20,000 pixels in some 50 kB
    EMPTY_IMAGE = "empty-image"
    LYING_TYPE = "lying-type"  # a JPEG called application/octet-stream
    LYING_SUFFIX = "lying-suffix"  # a PNG at a .jpg address, called image/jpeg
    MISSING_IMAGE = "missing-image"  # 404
    DUPLICATE_PHOTO = "duplicate-photo"  # the first photo again under a second address
    # a product page
    NO_OFFERS = "no-offers"
    NO_PHOTOS = "no-photos"
    ODD_PRICE = "odd-price"  # "1.299,00 €" and no currency
    BROKEN_JSONLD = "broken-jsonld"  # beside the valid one
    FLAKY = "flaky"  # 503 with Retry-After the first time
    # addresses
    DEAD_LINK = "dead-link"  # 410
    REDIRECT_LOOP = "redirect-loop"
    SLOW_PAGE = "slow-page"
    CALENDAR = "calendar"  # rel=next without end


PHOTO_FAULTS: tuple[Fault, ...] = tuple(Fault)[:9]
PAGE_FAULTS: tuple[Fault, ...] = tuple(Fault)[9:14]
PLACES: dict[Fault, str] = {
    Fault.DEAD_LINK: "/x/dead",
    Fault.REDIRECT_LOOP: "/x/loop",
    Fault.SLOW_PAGE: "/x/slow",
    Fault.CALENDAR: "/x/calendar",
}


def spread(skus: Sequence[str], faults: Iterable[Fault]) -> dict[Fault, frozenset[str]]:
    """Which product has which fault: photo faults count from the first product, page faults
    from the last, so that even a dozen products show every kind."""
    wanted = frozenset(faults)
    out: dict[Fault, frozenset[str]] = {}
    for kinds, order in ((PHOTO_FAULTS, list(skus)), (PAGE_FAULTS, list(skus)[::-1])):
        for index, fault in enumerate(kinds):
            if fault in wanted:
                out[fault] = frozenset(order[index::STRIDE])
    return out


@lru_cache(maxsize=4)
def blank_png(width: int, height: int) -> bytes:
    """A black one-bit PNG of any size, made without ever holding its pixels."""
    row = b"\0" * (1 + (width + 7) // 8)
    packer = zlib.compressobj(6)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def spoil(fault: Fault | None, photo: bytes) -> tuple[int, bytes, str]:
    """Status, body and content type of a photo with ``fault``."""
    match fault:
        case Fault.TRUNCATED_IMAGE:
            return 200, photo[: len(photo) // 2], "image/jpeg"
        case Fault.HTML_AS_IMAGE:
            return 200, b"<!doctype html><title>Sorry</title><h1>Sorry</h1>", "image/jpeg"
        case Fault.ONE_PIXEL:
            return 200, blank_png(1, 1), "image/png"
        case Fault.BOMB:
            return 200, blank_png(20_000, 20_000), "image/png"
        case Fault.EMPTY_IMAGE:
            return 200, b"", "image/jpeg"
        case Fault.LYING_TYPE:
            return 200, photo, "application/octet-stream"
        case Fault.LYING_SUFFIX:
            return 200, _as_png(photo), "image/jpeg"
        case Fault.MISSING_IMAGE:
            return 404, b"no such photo", "text/plain"
        case _:
            return 200, photo, "image/jpeg"


def _as_png(photo: bytes) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(photo)).save(out, "PNG", compress_level=1)
    return out.getvalue()
