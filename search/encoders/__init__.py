"""The door to the encoders: ``get_encoder()``, chosen in settings in the manner of Django's CACHES.

``SHOEFINDER_ENCODER`` names the encoder; ``SHOEFINDER_ENCODERS`` says how names are built::

    SHOEFINDER_ENCODERS = {
        "lite": {"BACKEND": "search.encoders.lite.LiteEncoder", "OPTIONS": {"threads": 2}},
        "default": {"BACKEND": "search.encoders.clip.ClipEncoder", "OPTIONS": {}},
    }

A name without an entry of its own is the id of a model or a local folder: it is built by the
``default`` entry, with what the name says added to the options::

    NAME[@REVISION[,REVISION OF THE IMAGE TOWER]][:RUNTIME]

or by the ``lite`` entry where it is a folder that `manage.py train_encoder` has made. Nothing heavy
is imported here.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

from search.encoders.base import Encoder
from search.exceptions import EncoderError

__all__ = ["Encoder", "get_encoder"]

FALLBACK: Mapping[str, Mapping[str, Any]] = {
    "lite": {"BACKEND": "search.encoders.lite.LiteEncoder"},
    "default": {"BACKEND": "search.encoders.clip.ClipEncoder"},
}

_NAME = re.compile(
    r"(?P<model>[^@]+?)(?:@(?P<revision>[^,:@]+)(?:,(?P<image_revision>[^,:@]+))?)?"
    r"(?::(?P<runtime>torch|onnx|int8))?"
)

_encoders: dict[tuple[int, str, str], Encoder] = {}
_lock = threading.Lock()


def get_encoder(name: str | None = None) -> Encoder:
    """The encoder called ``name``, or the one that ``SHOEFINDER_ENCODER`` chooses; one per process.

    Cheap: weights are loaded at the first encode. Raises ``EncoderError`` when the settings do not
    describe an encoder; the message says what to change.
    """
    chosen = name or getattr(settings, "SHOEFINDER_ENCODER", "") or "lite"
    backend, options = _config(chosen)
    # The pid, because sessions and thread pools do not survive a fork; the options, so that
    # overridden settings give another encoder.
    key = (os.getpid(), backend, repr(sorted(options.items())))
    with _lock:
        if key not in _encoders:
            _encoders[key] = _build(chosen, backend, options)
        return _encoders[key]


def _config(name: str) -> tuple[str, dict[str, Any]]:
    known = getattr(settings, "SHOEFINDER_ENCODERS", None) or FALLBACK
    if not isinstance(known, Mapping):
        raise EncoderError("SHOEFINDER_ENCODERS must be a dict of name to {'BACKEND', 'OPTIONS'}.")
    family = "lite" if (Path(name) / "heads.safetensors").is_file() else "default"
    entry = known.get(name, known.get(family))
    if entry is None:
        raise EncoderError(
            f"No encoder is called {name!r}, and SHOEFINDER_ENCODERS has no 'default' entry "
            f"to build it. Set SHOEFINDER_ENCODER to one of: {', '.join(sorted(known))}."
        )
    if not isinstance(entry, Mapping) or not isinstance(entry.get("BACKEND"), str):
        raise EncoderError(
            f"SHOEFINDER_ENCODERS[{name!r}] needs a 'BACKEND', the dotted path of an encoder "
            "class, for example 'search.encoders.lite.LiteEncoder'."
        )
    if unknown := set(entry) - {"BACKEND", "OPTIONS"}:
        raise EncoderError(
            f"SHOEFINDER_ENCODERS[{name!r}] has unknown keys {sorted(unknown)}; "
            "only 'BACKEND' and 'OPTIONS' are read."
        )
    options = dict(entry.get("OPTIONS") or {})
    if name not in known:
        options |= named_options(name)
    return entry["BACKEND"], options


def named_options(name: str) -> dict[str, str]:
    """What a name says: "clip-ViT-B-32@0123abc:int8" → model, revision, runtime."""
    if Path(name).expanduser().is_dir():
        return {"model": name}
    parts = _NAME.fullmatch(name)
    found = parts.groupdict() if parts else {"model": name}
    return {option: value for option, value in found.items() if value}


def _build(name: str, backend: str, options: dict[str, Any]) -> Encoder:
    try:
        factory = import_string(backend)
    except ImportError as error:
        raise EncoderError(
            f"The encoder {name!r} cannot be built: {error}. "
            "Correct 'BACKEND' in SHOEFINDER_ENCODERS, or install what it imports."
        ) from error
    try:
        encoder = factory(**options)
    except (TypeError, ValueError) as error:
        raise EncoderError(
            f"The encoder {name!r} refuses its options: {error}. "
            f"Correct 'OPTIONS' of {backend} in SHOEFINDER_ENCODERS."
        ) from error
    # Not isinstance(): a runtime protocol check would evaluate `id`, which may read large files.
    parts = ("encode_images", "encode_texts")
    if missing := [part for part in parts if not callable(getattr(encoder, part, None))]:
        raise EncoderError(f"{backend} is no encoder: it lacks {', '.join(missing)}.")
    return cast(Encoder, encoder)
