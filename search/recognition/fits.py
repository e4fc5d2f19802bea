"""Fits on disk, and in memory: one file for each encoder and method, read again when it changes."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from zipfile import BadZipFile

import numpy as np
import structlog
from django.conf import settings

from search.exceptions import RecognitionError
from search.recognition.base import Arrays
from search.recognition.looks import Looks
from search.recognition.recogniser import Recogniser
from search.recognition.regions import Finder

log = structlog.get_logger(__name__)

FOLDER: Final = "recognition"
MOST: Final = 8
"""Files in memory: the methods offered under one encoder, and the default under the next."""

Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Fit:
    """A recogniser whose models are rows of the catalog."""

    recogniser: Recogniser
    model_ids: tuple[int, ...]
    """ids of catalog.models.ShoeModel, in the order of ``recogniser.models``."""


def fit_path(*, encoder_id: str, method: str) -> Path:
    """Where it is kept. An encoder's id may hold any character, so the folder is a hash of it."""
    name = hashlib.sha256(encoder_id.encode()).hexdigest()[:16]
    return Path(settings.VAR_DIR) / FOLDER / name / f"{method}.npz"


def looks_path(*, encoder_id: str) -> Path:
    return fit_path(encoder_id=encoder_id, method="looks")


def fit_save(recogniser: Recogniser, *, encoder_id: str, model_ids: Sequence[int]) -> None:
    """Readers see the old one until this returns."""
    path = fit_path(encoder_id=encoder_id, method=recogniser.method)
    recogniser.save(path, about={"encoder": encoder_id, "model_ids": list(model_ids)})


def finder_path(*, encoder_id: str) -> Path:
    return fit_path(encoder_id=encoder_id, method="regions")


def looks_save(looks: Looks, *, encoder_id: str) -> None:
    _arrays_save(looks.arrays(), looks_path(encoder_id=encoder_id))


def finder_save(finder: Finder, *, encoder_id: str) -> None:
    _arrays_save(finder.arrays(), finder_path(encoder_id=encoder_id))


def _arrays_save(parts: Mapping[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.savez(buffer, **parts)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(buffer.getvalue())
    beside.replace(path)


def fit_read(*, encoder_id: str, method: str) -> Fit | None:
    """The fit that serves; None where there is none.

    A damaged file is told to the log and counts as none: the next fit writes it anew.
    """

    def load(path: Path) -> Fit | None:
        recogniser, about = Recogniser.load(path)
        if about.get("encoder") != encoder_id:
            return None
        return Fit(recogniser, tuple(int(number) for number in about["model_ids"]))

    return _from_memory(fit_path(encoder_id=encoder_id, method=method), load)


def looks_read(*, encoder_id: str) -> Looks | None:
    """As `fit_read`."""

    return _from_memory(looks_path(encoder_id=encoder_id), partial(_restored, Looks.restore))


def finder_read(*, encoder_id: str) -> Finder | None:
    """As `fit_read`."""
    return _from_memory(finder_path(encoder_id=encoder_id), partial(_restored, Finder.restore))


def _restored(restore: Callable[[Arrays], Kept], path: Path) -> Kept:
    try:
        with np.load(path, allow_pickle=False) as kept:
            return restore({name: kept[name] for name in kept.files})
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise RecognitionError(f"{path} cannot be read ({error})") from error


def _from_memory(path: Path, load: Callable[[Path], Kept | None]) -> Kept | None:
    try:
        found = path.stat()
    except OSError:
        return None
    # The inode: a file that was swapped within the clock's tick is another one.
    mark = (found.st_mtime_ns, found.st_ino)
    with _lock:
        known = _read.get(path)
    if known is not None and known[0] == mark:
        return cast("Kept | None", known[1])
    kept: Kept | None = None
    try:
        kept = load(path)
    except RecognitionError as error:
        log.warning("recogniser_damaged", file=path.name, error=str(error))
    with _lock:
        while len(_read) >= MOST and path not in _read:
            _read.pop(next(iter(_read)))
        _read[path] = (mark, kept)
    return kept


_read: dict[Path, tuple[tuple[int, int], Any]] = {}
_lock = threading.Lock()
