"""The folder of an index on disk: its manifest, its one writer, and what may be thrown away.

Every file but ``manifest.json`` is written once under a name of its own and never changed, so a
reader may keep it mapped. The rename of the manifest is the one moment in which anything changes.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from search.exceptions import IndexBusy, IndexDamaged, IndexMissing, IndexUnavailable, StoreError

SCHEMA = 2
"""Of the files; a program that reads another number asks for a rebuild."""

FLAT, HNSW = "flat", "hnsw-sq8"
"""How a segment is searched."""

MEND = "Run `manage.py index rebuild` to make it anew from the database."
MANIFEST = "manifest.json"
_OURS = re.compile(r"(?:base|delta|raw)-(\d{8})-[0-9a-f]{8}\.[a-z0-9]+|manifest-[0-9a-f]{8}\.tmp")
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A published file, as the manifest knows it."""

    name: str
    size: int
    digest: str
    """blake2b of 16 bytes over the whole file; read again by ``verify`` only."""
    head: str
    """The same over the first 4 KB, where the headers are: looked at with every opening."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A base, or what was written after it."""

    role: str
    """``base`` or ``delta``."""
    kind: str
    """``flat`` or ``hnsw-sq8``."""
    rows: int
    files: tuple[FileEntry, ...]

    def file(self, suffix: str) -> FileEntry:
        return next(entry for entry in self.files if entry.name.endswith(suffix))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is published."""

    encoder_id: str
    dim: int
    generation: int
    count: int
    created: float
    """Seconds since 1970."""
    segments: tuple[Segment, ...]
    retired: Mapping[str, float]
    """Files of earlier generations, with the time at which they went out of use."""
    schema: int = SCHEMA

    @property
    def files(self) -> tuple[FileEntry, ...]:
        return tuple(entry for segment in self.segments for entry in segment.files)

    @property
    def size_bytes(self) -> int:
        return sum(entry.size for entry in self.files)

    @property
    def checksum(self) -> str:
        return _digest("".join(entry.digest for entry in self.files).encode())

    @property
    def kind(self) -> str:
        return next((segment.kind for segment in self.segments if segment.role == "base"), FLAT)

    def to_bytes(self) -> bytes:
        body = asdict(self)
        return json.dumps(body | {"own_digest": _digest(_canonical(body))}, indent=1).encode()

    @classmethod
    def from_bytes(cls, raw: bytes, *, encoder_id: str, dim: int) -> Manifest:
        """Raises IndexDamaged for anything that is not a whole manifest of this encoder."""
        try:
            body = json.loads(raw)
            own_digest = body.pop("own_digest")
            if body["schema"] != SCHEMA:
                raise IndexDamaged(
                    f"The index has schema {body['schema']!r}, this program reads {SCHEMA}. {MEND}"
                )
            if own_digest != _digest(_canonical(body)):
                raise IndexDamaged(f"The manifest of the index does not match its checksum. {MEND}")
            body["segments"] = tuple(
                Segment(**(segment | {"files": tuple(FileEntry(**f) for f in segment["files"])}))
                for segment in body["segments"]
            )
            manifest = cls(**body)
            if not all(_OURS.fullmatch(name) for name in (f.name for f in manifest.files)):
                raise ValueError("it names foreign files")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise IndexDamaged(
                f"The manifest of the index cannot be read ({error}). {MEND}"
            ) from error
        if (manifest.encoder_id, manifest.dim) != (encoder_id, dim):
            raise IndexDamaged(
                f"The index holds vectors of {manifest.encoder_id!r} with {manifest.dim} "
                f"dimensions, not of {encoder_id!r} with {dim}. {MEND}"
            )
        return manifest


class IndexFolder:
    """Reads and publishes manifests; hands out file names; holds the writer's lock."""

    def __init__(self, path: Path, *, encoder_id: str, dim: int, grace_seconds: float) -> None:
        self.path, self.encoder_id, self.dim = path, encoder_id, dim
        self.grace_seconds = grace_seconds
        self._manifest, self._lock_fd = path / MANIFEST, -1

    def stamp(self) -> tuple[int, int, int]:
        """Another one with every publish, for the price of a stat. Raises IndexMissing."""
        try:
            found = os.stat(self._manifest)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise IndexMissing(f"No index has been published in {self.path} yet. {MEND}") from error
        return found.st_ino, found.st_mtime_ns, found.st_size

    def read(self) -> Manifest:
        """The published manifest. Raises IndexMissing or IndexDamaged."""
        self.stamp()
        try:
            raw = self._manifest.read_bytes()
        except OSError as error:
            raise IndexDamaged(
                f"The manifest of the index cannot be read ({error}). {MEND}"
            ) from error
        return Manifest.from_bytes(raw, encoder_id=self.encoder_id, dim=self.dim)

    def check(self, entry: FileEntry, *, whole: bool) -> None:
        """Size and first bytes, or with ``whole`` every byte. Raises IndexDamaged."""
        file = self.path / entry.name
        try:
            size = file.stat().st_size
            if size != entry.size:
                raise IndexDamaged(f"{file} has {size} bytes instead of {entry.size}. {MEND}")
            found = _file_digests(file, whole=whole)
        except OSError as error:
            raise IndexDamaged(f"{file} cannot be read ({error.strerror}). {MEND}") from error
        if found != ((entry.digest if whole else ""), entry.head):
            raise IndexDamaged(f"{file} does not match its checksum. {MEND}")

    # Writing ---------------------------------------------------------------------------------

    @property
    def locked(self) -> bool:
        """Whether this object is the writer."""
        return self._lock_fd >= 0

    def lock(self, *, wait_seconds: float) -> None:
        """Become the one writer. The system gives the lock back when the process dies.

        Raises IndexBusy if another holds it for longer than ``wait_seconds``, StoreError if the
        folder cannot be written.
        """
        if self.locked:
            return
        with self.operator_errors():
            self.path.mkdir(parents=True, exist_ok=True)
            fd = os.open(self.path / "writer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                holder = os.pread(fd, 20, 0).decode("ascii", "replace").strip() or "unknown"
                os.close(fd)
                raise IndexBusy(
                    f"Another writer (process {holder}) is changing the index in {self.path}. "
                    "Try again when it has published."
                ) from None
            break
        self._lock_fd = fd
        with suppress(OSError):  # The name of the holder is a courtesy, not the lock.
            os.ftruncate(fd, 0)
            os.pwrite(fd, str(os.getpid()).encode(), 0)

    def unlock(self) -> None:
        if self.locked:
            os.close(self._lock_fd)
            self._lock_fd = -1

    def next_generation(self) -> int:
        """Grows even past a manifest that is lost: the names of its files still tell."""
        seen = [int(m[1]) for f in self._ours() if (m := _OURS.fullmatch(f.name)) and m[1]]
        with suppress(IndexUnavailable):
            seen.append(self.read().generation)
        return max(seen, default=0) + 1

    def new_name(self, role: str, generation: int, suffix: str) -> str:
        """Never used before: a reader may still have a file of the same generation mapped."""
        return f"{role}-{generation:08d}-{secrets.token_hex(4)}{suffix}"

    def write(self, name: str, fill: Callable[[Path], object]) -> FileEntry:
        """Let ``fill`` write the file, bring it to the disk, and describe it."""
        file = self.path / name
        fill(file)
        with file.open("rb") as written:
            os.fsync(written.fileno())
        digest, head = _file_digests(file, whole=True)
        return FileEntry(name=name, size=file.stat().st_size, digest=digest, head=head)

    def publish(
        self,
        *,
        previous: Manifest | None,
        generation: int,
        count: int,
        segments: tuple[Segment, ...],
    ) -> Manifest:
        """Swap the manifest, then sweep what nobody can need any more."""
        now = time.time()
        used = {entry.name for segment in segments for entry in segment.files}
        before: dict[str, float] = {}
        if previous:
            before = {n: t for n, t in previous.retired.items() if (self.path / n).exists()}
            before |= {entry.name: now for entry in previous.files}
        manifest = Manifest(
            encoder_id=self.encoder_id,
            dim=self.dim,
            generation=generation,
            count=count,
            created=now,
            segments=segments,
            retired={name: since for name, since in before.items() if name not in used},
        )
        beside = self.path / f"manifest-{secrets.token_hex(4)}.tmp"
        with beside.open("xb") as file:
            file.write(manifest.to_bytes())
            file.flush()
            os.fsync(file.fileno())
        # The names of the new files must be on the disk before the manifest speaks of them.
        self._sync_folder()
        beside.replace(self._manifest)
        self._sync_folder()
        self.sweep(manifest)
        return manifest

    def sweep(self, manifest: Manifest | None) -> None:
        """Delete what a writer left that died, and what is past its grace. Only under the lock."""
        keep = {entry.name for entry in manifest.files} if manifest else set()
        retired, now = (manifest.retired if manifest else {}), time.time()
        for file in self._ours():
            # Readers that read the old manifest a moment ago are about to open its files.
            in_grace = abs(now - retired.get(file.name, -math.inf)) <= self.grace_seconds
            if file.name not in keep and not in_grace:
                with suppress(OSError):
                    file.unlink()

    def remove(self) -> None:
        """Unpublish, then delete every file. Only under the lock."""
        self._manifest.unlink(missing_ok=True)
        for file in self._ours():
            file.unlink(missing_ok=True)

    @contextmanager
    def operator_errors(self) -> Iterator[None]:
        """A full disk or a folder that may not be written, told to the one who can mend it."""
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"The index in {self.path} cannot be written: {error}. Check that the folder "
                "belongs to this user and that the disk has room, then try again."
            ) from error

    def _ours(self) -> list[Path]:
        return [file for file in self.path.iterdir() if _OURS.fullmatch(file.name)]

    def _sync_folder(self) -> None:
        fd = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def folder_name(encoder_id: str) -> str:
    """A safe folder name; the hash keeps ids apart that look alike without their ``@+/``."""
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", encoder_id).strip("-.")[:60]
    return f"{readable}-{_digest(encoder_id.encode())[:8]}"


def _canonical(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _file_digests(file: Path, *, whole: bool) -> tuple[str, str]:
    with file.open("rb") as opened:
        head = _digest(opened.read(_HEAD_BYTES))
        if not whole:
            return "", head
        opened.seek(0)
        return hashlib.file_digest(
            opened, lambda: hashlib.blake2b(digest_size=16)
        ).hexdigest(), head
