"""Processes of crawls: they end with the one that started them, and stay small."""

from __future__ import annotations

import ctypes
import os
import signal

from django.db import connection

_PR_SET_PDEATHSIG = 1
_READ = "PRAGMA mmap_size=0"


def die_with_parent(parent: int, number: int = signal.SIGTERM) -> bool:
    """In a child: ask for a signal when the parent dies; False if it is dead already.

    Linux only; elsewhere the sweep finds what was left behind.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    return os.getppid() == parent


def database_unmap() -> None:
    """In a crawl's process: let SQLite read its file and not map it.

    A crawl touches rows all over a large catalog, and each page of the file that it touched would
    count as its memory: 90 MB when it looked at 200,000 listings, up to the 256 MB of the setting.
    """
    options = connection.settings_dict["OPTIONS"]
    told = options.get("init_command", "")
    if connection.vendor == "sqlite" and not told.endswith(_READ):
        # Of the connections of all threads that are to be made.
        options["init_command"] = f"{told};{_READ}"
        with connection.cursor() as cursor:
            cursor.execute(_READ)
