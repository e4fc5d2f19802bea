"""The words of naming: the owner's sentences, and the vectors that they give for models."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from search.exceptions import RecognitionError
from search.recognition.gallery import Facts
from search.texts import TextSpace
from search.types import Vectors

SHIPPED: Final = Path(__file__).with_name("prompts.toml")
HEIGHTS: Final = ("low", "mid", "high")
HEIGHT_WORDS: Final = {"low": "low-top", "mid": "mid-top", "high": "high-top"}
_FIELD: Final = re.compile(r"\{(\w+)\}")
_ARTICLE: Final = re.compile(r"\b([Aa]) (?=[aeiouAEIOU])")
_ALLOWED: Final = {
    "brand": {"brand"},
    "colour": {"colour"},
    "together": {"name", "brand", "colour", "height"},
    "name": {"name", "brand"},
    "shoe": set(),
    "other": set(),
}


@dataclass(frozen=True)
class Prompts:
    """Ensembles of sentences by what they describe; see ``prompts.toml``."""

    brand: tuple[str, ...]
    colour: tuple[str, ...]
    together: tuple[str, ...]
    name: tuple[str, ...]
    shoe: tuple[str, ...]
    other: tuple[str, ...]
    height: Mapping[str, tuple[str, ...]]


def prompts() -> Prompts:
    """Those of ``SHOEFINDER_PROMPTS``, else the shipped ones. Raises ``RecognitionError``."""
    path = Path(settings.SHOEFINDER_PROMPTS or SHIPPED)
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise RecognitionError(
            f"The file of prompts {path} cannot be read: {error.strerror}. Correct "
            "SHOEFINDER_PROMPTS, or leave it out for the shipped ones."
        ) from error


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> Prompts:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecognitionError(f"The file of prompts {path} is no TOML: {error}.") from error
    names = {field.name for field in fields(Prompts)}
    if unlike := names ^ set(table):
        raise RecognitionError(
            f"The file of prompts {path} must hold exactly {', '.join(sorted(names))}; "
            f"see to {', '.join(sorted(unlike))}."
        )
    heights = table.pop("height")
    if not isinstance(heights, dict) or set(heights) != set(HEIGHTS):
        raise RecognitionError(f"[height] in {path} must hold low, mid and high.")
    lists = {name: _sentences(path, name, table[name]) for name in _ALLOWED}
    return Prompts(
        **lists,
        height={name: _sentences(path, f"height.{name}", heights[name]) for name in HEIGHTS},
    )


def _sentences(path: Path, name: str, value: Any) -> tuple[str, ...]:
    if not (isinstance(value, list) and value and all(isinstance(s, str) and s for s in value)):
        raise RecognitionError(f"{name} in {path} must be a list of at least one sentence.")
    allowed = _ALLOWED.get(name, set())
    for sentence in value:
        if strange := set(_FIELD.findall(sentence)) - allowed:
            raise RecognitionError(
                f"{name} in {path} cannot say {{{min(strange)}}}; in braces may stand: "
                f"{', '.join(sorted(allowed)) or 'nothing'}."
            )
    return tuple(value)


def filled(sentences: Iterable[str], **values: str) -> tuple[str, ...]:
    """The sentences with their braces filled; an empty value leaves no gap, "a" becomes "an"."""
    return tuple(
        _ARTICLE.sub(
            r"\1n ", " ".join(_FIELD.sub(lambda found: values.get(found[1], ""), s).split())
        )
        for s in sentences
    )


def name_vectors(models: Sequence[Facts], space: TextSpace) -> Vectors:
    """One class vector for each model's name, shape (c, dim)."""
    sentences = prompts().name
    return space.means([filled(sentences, name=m.name, brand=m.brand) for m in models])
