"""Zip archives that somebody uploads: looked at before anything is unpacked, then unpacked below
one folder and within limits, whatever their headers say."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Final

from django.conf import settings

from catalog.exceptions import ImportRefused

PIECE: Final = 1024 * 1024
RATIO: Final = 200
"""Unpacked bytes for each packed one above which a file is a bomb: photos hardly shrink, and tables
of labels by 20 at most."""
SMALL: Final = 1024 * 1024
"""Files of this size are no bombs, whatever their ratio."""


def archive_check(file: IO[bytes]) -> None:
    """Refuse an archive that could not be unpacked within the limits, by its table of contents.

    Raises:
        ImportRefused: no zip, encrypted, too many files, too large, a path that leaves the folder,
            a link, or a bomb.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _members(archive)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ImportRefused(f"This is no zip archive that can be read: {error}.") from error


def archive_unpack(path: Path, into: Path, *, beat: Callable[[], None] = lambda: None) -> Path:
    """Unpack an archive and return the folder that holds its photos' folders.

    That is ``into``, or the only folder in it where the archive was made of one folder.

    Args:
        beat: called after each file.

    Raises:
        ImportRefused: as `archive_check`, or more bytes come out than its headers say.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for member in _members(archive):
                target = into.joinpath(*PurePosixPath(member.filename).parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as packed, target.open("wb") as unpacked:
                    _copy(packed, unpacked, member)
                beat()
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise ImportRefused(f"The archive cannot be unpacked: {error}.") from error
    return _photos_folder(into)


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    files = [one for one in archive.infolist() if not one.is_dir() and not _is_litter(one)]
    most, limit = settings.SHOEFINDER_IMPORT_MAX_FILES, settings.SHOEFINDER_IMPORT_ZIP_MAX_BYTES
    if len(files) > most:
        raise ImportRefused(f"The archive holds {len(files):,} files; {most:,} are allowed.")
    if sum(one.file_size for one in files) > limit:
        raise ImportRefused(f"Unpacked it is larger than the {_megabytes(limit)} that are allowed.")
    for one in files:
        name = one.filename[:100]
        path = PurePosixPath(one.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in one.filename or ":" in path.parts[0]:
            raise ImportRefused(f"“{name}” would be unpacked outside of its folder.")
        if stat.S_ISLNK(one.external_attr >> 16):
            raise ImportRefused(f"“{name}” is a link; only files are taken.")
        if one.flag_bits & 1:
            raise ImportRefused(f"“{name}” is encrypted. Make an archive without a password.")
        if one.file_size > SMALL and one.file_size > RATIO * max(1, one.compress_size):
            raise ImportRefused(f"“{name}” would unpack to {RATIO} times its size and more.")
    return files


def _is_litter(member: zipfile.ZipInfo) -> bool:
    """What macOS and Windows put beside the files."""
    parts = PurePosixPath(member.filename).parts
    return not parts or parts[0] == "__MACOSX" or parts[-1] in (".DS_Store", "Thumbs.db")


def _copy(packed: IO[bytes], unpacked: IO[bytes], member: zipfile.ZipInfo) -> None:
    left = member.file_size
    while piece := packed.read(PIECE):
        left -= len(piece)
        if left < 0:
            raise ImportRefused(f"“{member.filename[:100]}” holds more than its header says.")
        unpacked.write(piece)


def _photos_folder(into: Path) -> Path:
    inside = sorted(into.iterdir())
    if len(inside) == 1 and inside[0].is_dir():
        within = list(inside[0].iterdir())
        # A folder of folders, or of labels; one that holds photos alone is a model's own.
        if any(path.is_dir() or path.suffix.lower() == ".csv" for path in within):
            return inside[0]
    return into


def _megabytes(count: int) -> str:
    return f"{count / 1024 / 1024:,.0f} MB"
