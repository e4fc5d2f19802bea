"""The names of the catalog as words of a sentence: its brands, its models, and their aliases."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final
from weakref import WeakKeyDictionary

from django.db import DatabaseError
from django.db.models import Count, Max

from catalog.models import Brand, BrandAlias, ShoeModel, ShoeModelAlias
from search.edits import Edit, Lexicon, built_in, edit_parse, name_is_shy
from search.edits.lexicon import Kind, Meaning
from search.edits.tokens import fold
from search.query import Query

log = logging.getLogger(__name__)

FRESH: Final = 60.0
"""Seconds for which the catalog is not asked again whether its names have changed."""
MOST_SENTENCES: Final = 500
"""Kept read: a page asks for its chips three times, and again with every filter."""
MOST_MODELS: Final = 50_000
"""Names beyond are left out, the oldest models first: a process holds 1 KB for each."""

Stamp = tuple[object, ...]

_lock = threading.Lock()
_kept: tuple[float, Stamp, Lexicon] | None = None
_read_before: WeakKeyDictionary[Lexicon, dict[str, Edit]] = WeakKeyDictionary()


def catalog_lexicon(*, fresh: float = FRESH) -> Lexicon:
    """The built-in words and the catalog's names; the built-in ones alone without a database.

    Kept for the process. Four small queries when ``fresh`` seconds are over, and two that read all
    names when one has changed. Where the catalog knows a brand under another spelling, its own is
    the canonical one.
    """
    global _kept
    with _lock:
        now = time.monotonic()
        if _kept and now - _kept[0] < fresh:
            return _kept[2]
        try:
            stamp = _stamp()
            lexicon = _kept[2] if _kept and _kept[1] == stamp else _read()
        except DatabaseError as error:
            log.warning("The catalog's names cannot be read: %s", error)
            return built_in()
        _kept = (now, stamp, lexicon)
        return lexicon


def edit_of(query: Query) -> Edit:
    """The chips of a query: as corrected, else as its words are read, once by each lexicon."""
    if query.edit is not None:
        return replace(query.edit, words=query.words)
    lexicon = catalog_lexicon()
    known = _read_before.setdefault(lexicon, {})
    edit = known.get(query.words)
    if edit is None:
        edit = edit_parse(query.words, lexicon=lexicon)
        if len(known) >= MOST_SENTENCES:
            known.clear()
        known[query.words] = edit
    return edit


def _stamp() -> Stamp:
    stamp: list[object] = []
    for table in (Brand, ShoeModel):
        stamp += table.objects.aggregate(n=Count("pk"), at=Max("updated_at")).values()
    for aliases in (BrandAlias, ShoeModelAlias):
        stamp += aliases.objects.aggregate(n=Count("pk"), at=Max("pk")).values()
    return tuple(stamp)


def _read() -> Lexicon:
    lexicon = Lexicon(below=built_in())
    known = _known_phrases()
    brands = dict(Brand.objects.values_list("pk", "name"))
    brand_aliases = BrandAlias.objects.values_list("brand_id", "name")
    for pk, phrase in (*brands.items(), *brand_aliases.iterator()):
        name = brands.get(pk)
        if name:
            _add(lexicon, "brand", name, (phrase, *known["brand", fold(name)]))
    models = ShoeModel.objects.filter(merged_into=None).order_by("-pk")
    names = {
        pk: (name, brands.get(brand, ""))
        for pk, name, brand in models.values_list("pk", "name", "brand_id")[:MOST_MODELS]
    }
    for name, brand in names.values():
        _add(lexicon, "model", name, _model_phrases(name, brand, known))
    for pk, phrase in ShoeModelAlias.objects.values_list("model_id", "name").iterator():
        if pk in names:
            _add(lexicon, "model", names[pk][0], (phrase,))
    return lexicon


def _known_phrases() -> dict[tuple[str, str], list[str]]:
    """How the built-in tables write a name: its other spellings go to the catalog's name."""
    phrases: dict[tuple[str, str], list[str]] = defaultdict(list)
    base = built_in()
    entries: Iterable[tuple[str, Meaning]] = (
        *((" ".join(words), meaning) for words, meaning in base.latin.items()),
        *base.hangul.items(),
    )
    for phrase, meaning in entries:
        if meaning.kind is Kind.VALUE and meaning.attribute in {"brand", "model"}:
            phrases[meaning.attribute, fold(meaning.value)].append(phrase)
    return phrases


def _model_phrases(name: str, brand: str, known: dict[tuple[str, str], list[str]]) -> Iterator[str]:
    yield name
    if brand and fold(name).startswith(fold(brand) + " "):
        yield name[len(brand) + 1 :]
    yield from known.get(("model", fold(name)), ())


def _add(lexicon: Lexicon, attribute: str, value: str, phrases: Iterable[str]) -> None:
    for phrase in phrases:
        shy = name_is_shy(phrase, attribute)
        common = built_in().get((fold(phrase),)) if shy else None
        if shy and " " in phrase:
            continue  # "Black Leather" is nearly always a colour and a material
        meaning = Meaning(Kind.VALUE, attribute, value, shy, common)
        lexicon.add(phrase, meaning, mended=attribute == "brand")
