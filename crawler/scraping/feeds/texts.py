"""From a feed's bytes to text: unpacked and decoded in pieces, however large it is."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

CHUNK = 256 * 1024
MAX_UNPACKED = 20 * 1024**3
"""A gzip bomb ends here."""
GZIP = b"\x1f\x8b"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_FALLBACK = "shoefinder.windows-1252"


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """What is no UTF-8 was written by a program that thought of Windows: read those bytes so."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_FALLBACK, _as_windows_1252)


class CutShort(Exception):
    """The bytes end, or stop making sense, before the feed does."""


def unpacked(path: Path) -> Iterator[bytes]:
    """The file's content in pieces, unpacked where it is gzip (also several members in a row).

    Raises:
        CutShort: after the last piece that could be unpacked.
    """
    with path.open("rb") as file:
        start = file.read(len(GZIP))
        file.seek(0)
        if start != GZIP:
            yield from iter(lambda: file.read(CHUNK), b"")
            return
        total, unpacker, first = 0, None, True
        while raw := file.read(CHUNK):
            while raw:
                if unpacker is None:
                    if not first and not raw.startswith(GZIP[: len(raw)]):
                        return  # padding behind the last member
                    unpacker, first = zlib.decompressobj(wbits=31), False
                try:
                    piece = unpacker.decompress(raw, CHUNK)
                except zlib.error as error:
                    raise CutShort(f"it is packed wrongly ({error})") from error
                total += len(piece)
                if total > MAX_UNPACKED:
                    raise CutShort(f"unpacked it is larger than {MAX_UNPACKED // 1024**3} GB")
                yield piece
                raw = unpacker.unconsumed_tail
                if unpacker.eof:
                    raw, unpacker = unpacker.unused_data, None
        if unpacker is not None:
            raise CutShort("its last bytes are missing")


def encoding_of(start: bytes, charset: str = "") -> str:
    """The encoding of a feed that begins so.

    Args:
        start: the first bytes.
        charset: what the server said, believed where the feed itself says nothing.
    """
    for mark, name in _BOMS:
        if start.startswith(mark):
            return name
    if start[:2] == b"<\x00" or (start[:2].isascii() and start[1:2] == b"\x00"):
        return "utf-16-le"
    if start[:1] == b"\x00" and start[1:2] != b"\x00":
        return "utf-16-be"
    declared = _DECLARED.search(start[:400])
    for name in (declared[1].decode("ascii") if declared else "", charset):
        try:
            found = codecs.lookup(name).name if name else ""
        except LookupError:
            continue
        # Declared as UTF-16 but readable byte for byte: it was converted on its way.
        if found and not found.startswith(("utf-16", "utf-32")):
            return found
    return "utf-8"


def decoded(path: Path, *, charset: str = "") -> Iterator[str]:
    """The text of a feed in pieces; single bytes that are no UTF-8 are read as Windows-1252.

    Raises:
        CutShort: see `unpacked`.
    """
    decoder: codecs.IncrementalDecoder | None = None
    for piece in unpacked(path):
        if decoder is None:
            encoding = encoding_of(piece[:1000], charset)
            errors = _FALLBACK if encoding in {"utf-8", "ascii"} else "replace"
            decoder = codecs.getincrementaldecoder(encoding)(errors)
            text = decoder.decode(piece).removeprefix("\ufeff")
        else:
            text = decoder.decode(piece)
        if text:
            yield text
    if decoder is not None and (text := decoder.decode(b"", final=True)):
        yield text
