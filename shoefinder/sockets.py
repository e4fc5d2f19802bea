"""Where the private Valkey listens; read by the settings, so nothing of Django here."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

# A unix socket's address holds 107 bytes on Linux and 103 on macOS.
MAX_SOCKET_PATH = 100


def valkey_socket(var_dir: Path) -> Path:
    """``var_dir/valkey.sock``, or a short name in the temporary folder when that is too long."""
    path = var_dir / "valkey.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        return path
    digest = hashlib.blake2b(os.fsencode(var_dir), digest_size=6).hexdigest()
    return Path(tempfile.gettempdir()) / f"shoefinder-{os.getuid()}-{digest}.sock"
