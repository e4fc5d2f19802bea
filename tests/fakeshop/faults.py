"""What a crawl meets outside, each by a name; a shop has those that it is given."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Literal, get_args

from tests.fakeshop.products import Item

PhotoFault = Literal[
    "photo-truncated", "photo-html", "photo-pixel", "photo-bomb", "photo-empty", "photo-lying-type"
]
PageFault = Literal[
    "page-503-once", "page-no-offer", "page-euro-price", "page-no-photo", "page-bad-jsonld",
    "photo-two-urls",
]  # fmt: skip
SiteFault = Literal["dead-link", "redirect-loop", "slow-page", "endless-calendar"]
Fault = PhotoFault | PageFault | SiteFault

PHOTO_FAULTS: tuple[PhotoFault, ...] = get_args(PhotoFault)
PAGE_FAULTS: tuple[PageFault, ...] = get_args(PageFault)
SITE_FAULTS: tuple[SiteFault, ...] = get_args(SiteFault)
ALL_FAULTS: frozenset[Fault] = frozenset([*PHOTO_FAULTS, *PAGE_FAULTS, *SITE_FAULTS])

BOMB_SIDE = 20_000


def faults_by_sku(skus: list[str], faults: frozenset[Fault]) -> dict[str, set[Fault]]:
    """Photo and page faults dealt out: each has its own item, in the order of the names."""
    dealt: dict[str, set[Fault]] = {}
    wanted = sorted(fault for fault in faults if fault not in SITE_FAULTS)
    for sku, fault in zip(skus, wanted, strict=False):
        dealt.setdefault(sku, set()).add(fault)
    return dealt


def spoil_jsonld(data: dict[str, object], item: Item, faults: set[Fault]) -> None:
    """Change a page's structured data as the item's faults say."""
    if "page-no-offer" in faults:
        data.pop("offers")
    if "page-euro-price" in faults:
        data["offers"] = {"@type": "Offer", "price": "1.299,00 €"}
    if "page-no-photo" in faults:
        data.pop("image")


def png(side: int) -> bytes:
    """A black square of any size in a few kilobytes: the smallest ones, and bombs."""
    row = b"\0" * (side // 8 + 2)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


_HTML = b"<!doctype html><title>Sorry</title><p>Try again later"

SPOIL_PHOTO: Mapping[PhotoFault, Callable[[bytes], tuple[bytes, str]]] = {
    "photo-truncated": lambda body: (body[: len(body) // 2], "image/jpeg"),
    "photo-html": lambda body: (_HTML, "image/jpeg"),
    "photo-pixel": lambda body: (png(1), "image/png"),
    "photo-bomb": lambda body: (png(BOMB_SIDE), "image/png"),
    "photo-empty": lambda body: (b"", "image/jpeg"),
    "photo-lying-type": lambda body: (body, "application/octet-stream"),
}
