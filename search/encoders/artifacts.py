"""Where exported ONNX graphs live, and how one is made exactly once among processes.

A graph is written by a child process (``python -m search.encoders.export``), so that a web process
never loads torch, under a name that holds a hash of what went in; beside, then renamed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from search.exceptions import EncoderError

PROJECT: Final = Path(__file__).resolve().parents[2]
DEFAULT_CACHE: Final = PROJECT / "var" / "encoders"
EXPORT_VERSION: Final = 1
"""Raise it when `search.encoders.export` writes another graph from the same weights."""
EXPORT_SECONDS: Final = 900


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def exported(
    kind: str,
    spec: dict[str, Any],
    cache_dir: Path,
    *,
    module: str = "search.encoders.export",
    suffix: str = ".onnx",
) -> Path:
    """What ``module`` makes of ``spec``: an ONNX file, or a folder of them; exported if missing.

    ``kind`` begins its name and is told to the module, ``spec`` is what that needs, and the name's
    hash. Safe under concurrent processes: one exports, the others wait. Raises ``EncoderError``
    with the mend.
    """
    canonical = json.dumps({**spec, "export": EXPORT_VERSION}, sort_keys=True)
    key = hashlib.sha256(canonical.encode()).hexdigest()[:16]
    target = cache_dir / f"{kind}-{key}{suffix}"
    if target.exists():
        return target
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with _locked(cache_dir / f".{kind}-{key}.lock"):
            if not target.exists():
                _export(module, kind, spec, target)
    except OSError as error:
        raise EncoderError(
            f"The encoder cannot keep its exported weights in {cache_dir}: {error}. "
            "Make the folder writable or give another as the option 'cache_dir'."
        ) from error
    return target


def _export(module: str, kind: str, spec: dict[str, Any], target: Path) -> None:
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    command = [sys.executable, "-m", module, kind, json.dumps(spec), str(beside)]
    try:
        run = subprocess.run(
            command,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=EXPORT_SECONDS,
            check=False,
        )
        if run.returncode != 0:
            reason = (run.stderr.strip().splitlines() or ["no message"])[-1]
            raise EncoderError(f"The weights of the encoder could not be exported: {reason}")
        beside.replace(target)
    except subprocess.TimeoutExpired as error:
        raise EncoderError(
            f"Exporting the encoder took longer than {EXPORT_SECONDS} s; try again when the "
            "machine is less busy."
        ) from error
    finally:
        remove(beside)


def remove(path: Path) -> None:
    """A file, or a folder with all that is in it; nothing there is fine."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released by the kernel, even after kill -9
        yield
