"""The question as a value: what is asked, checked and cleaned, and its one way into an address."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from django.conf import settings
from django.http import QueryDict

from catalog.exceptions import FilterError
from catalog.filters import CatalogFilter
from search.crop import Crop
from search.edits import Edit, term_make, term_read, term_spell
from search.exceptions import QueryError

MAX_WORDS: Final = 300
"""Characters. Encoders read 77 to 256 tokens; more would be cut without a word."""
MAX_PAGE: Final = 50
"""Pages below are ranked anew to their depth, so the depth has an end."""
MAX_CHIPS: Final = 24
NO_CHIPS: Final = "none"
"""In an address: the words were read, and every chip was taken away."""
MAX_ID: Final = 2**63 - 1
DEFAULT_WEIGHT: Final = 0.5

NO_PAGE: Final = "There is no such page; the first one is page 1."
NO_PHOTO: Final = "There is no such photo in the catalog."
DAMAGED: Final = "This link to a photo is damaged. Please choose the photo again."
MAX_PHOTOS: Final = 5
"""Of one shoe, in one query."""
TOO_MANY_PHOTOS: Final = f"A search takes up to {MAX_PHOTOS} photos of one shoe."
MAX_REFINED: Final = 20
"""Shoes to be more like, and as many not to be like."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Photo, words, filters. Equal queries have equal addresses, and the other way round.

    Raises ``QueryError``, in words for the person who asks, when a part cannot be meant.
    """

    words: str = ""
    photo: str = ""
    """Token of an uploaded photo (``search.queries``)."""
    image_id: int | None = None
    """A catalog photo to search with instead."""
    more_photos: tuple[str, ...] = ()
    """Tokens of further photos of the same shoe, beside ``photo``."""
    crop: Crop | None = None
    """Where the shoe is, in ``photo`` or in the catalog's; None for all of it."""
    like: tuple[int, ...] = ()
    """Catalog photos that the answer should be more like, ascending."""
    unlike: tuple[int, ...] = ()
    """Catalog photos whose shoes must not answer, nor what is very like them, ascending."""
    weight: float = DEFAULT_WEIGHT
    """0: like the photo, 1: like the words; counts only where both are given."""
    edit: Edit | None = None
    """The chips, where a person has corrected them; None: as the words are read."""
    filters: CatalogFilter = field(default_factory=CatalogFilter)
    page: int = 1
    """From 1."""
    method: str = ""
    """How the shoe is named (``SHOEFINDER_RECOGNISERS_OFFERED``); "" for the site's own choice."""

    def __post_init__(self) -> None:
        words = words_clean(self.words)
        if len(words) > MAX_WORDS:
            raise QueryError(
                f"These words are {len(words):,} characters long; {MAX_WORDS} is the most that "
                "can be searched for. Please shorten them."
            )
        if not all(_TOKEN.fullmatch(token) for token in self.photos):
            raise QueryError(DAMAGED)
        if self.image_id is not None and not 1 <= self.image_id <= MAX_ID:
            raise QueryError(NO_PHOTO)
        if self.photo and self.image_id is not None:
            raise QueryError("Search with one photo at a time: yours, or one of the catalog's.")
        more = tuple(t for t in dict.fromkeys(self.more_photos) if t != self.photo)
        if more and not self.photo:
            raise QueryError("Further photos of a shoe come beside a first one.")
        if len(more) >= MAX_PHOTOS:
            raise QueryError(TOO_MANY_PHOTOS)
        like, unlike = _chosen(self.like), _chosen(self.unlike)
        if set(like) & set(unlike):
            raise QueryError(
                "A shoe cannot be both what you want more of and what you do not want."
            )
        if not (math.isfinite(self.weight) and 0 <= self.weight <= 1):
            raise QueryError("The balance between photo and words must lie between 0 and 1.")
        if self.page < 1:
            raise QueryError(NO_PAGE)
        if self.page > MAX_PAGE:
            raise QueryError(
                f"Results end at page {MAX_PAGE}. Narrow the search by words or filters instead."
            )
        if self.method and self.method not in methods_offered():
            raise QueryError("This site does not offer that way of naming shoes.")
        object.__setattr__(self, "words", words)
        object.__setattr__(self, "edit", _edit_checked(self.edit))
        object.__setattr__(self, "more_photos", more)
        object.__setattr__(self, "like", like)
        object.__setattr__(self, "unlike", unlike)
        if self.crop and (self.crop.is_whole or not self.has_photo):
            object.__setattr__(self, "crop", None)
        # Two decimals are finer than a hand on a slider, and keep addresses short and equal.
        object.__setattr__(self, "weight", round(self.weight, 2) + 0.0)

    @property
    def is_empty(self) -> bool:
        """Nothing to be like: filters alone are browsing, not searching."""
        chips = self.edit is not None and bool(self.edit.terms or self.edit.free_text)
        return not (self.words or self.has_photo or self.like or chips)

    @property
    def has_photo(self) -> bool:
        return bool(self.photo) or self.image_id is not None

    @property
    def photos(self) -> tuple[str, ...]:
        """Tokens of all photos of the shoe, the main one first."""
        return (self.photo, *self.more_photos) if self.photo else ()

    def with_photos(self, tokens: Sequence[str]) -> Query:
        """The same question about other photos, from its first page on; the frame stays with the
        main photo. Raises ``QueryError``."""
        kept = tokens[:1] == self.photos[:1]
        return replace(
            self,
            photo=tokens[0] if tokens else "",
            more_photos=tuple(tokens[1:]),
            crop=self.crop if kept else None,
            page=1,
        )

    def refined(self, *, like: int | None = None, unlike: int | None = None) -> Query:
        """More like one catalog photo, or not like one; what was said of it before is taken back.

        Raises ``QueryError`` when there are too many.
        """
        rest = self.unrefined(like if like is not None else unlike)
        return replace(
            rest,
            like=rest.like if like is None else (*rest.like, like),
            unlike=rest.unlike if unlike is None else (*rest.unlike, unlike),
        )

    def unrefined(self, image_id: int | None) -> Query:
        """Without what was said of a catalog photo; from the first page on."""
        return replace(
            self,
            like=tuple(number for number in self.like if number != image_id),
            unlike=tuple(number for number in self.unlike if number != image_id),
            page=1,
        )

    @classmethod
    def from_params(cls, params: QueryDict) -> Query:
        """Read an address: ``q``, ``chip``, ``text``, ``either``, ``photo`` (once for each),
        ``crop``, ``image``, ``like``, ``unlike``, ``weight``, ``page`` and the filters.

        Empty values count as absent, as forms send them.
        """
        try:
            filters = CatalogFilter.from_query(params)
        except FilterError as error:
            raise QueryError(str(error)) from error
        image, weight = params.get("image") or "", params.get("weight") or ""
        crop = params.get("crop") or ""
        # One more than allowed is enough to be refused for.
        photos = list(dict.fromkeys(t for t in params.getlist("photo") if t))[: MAX_PHOTOS + 1]
        return cls(
            words=params.get("q") or "",
            photo=photos[0] if photos else "",
            more_photos=tuple(photos[1:]),
            crop=Crop.parse(crop) if crop else None,
            like=_numbers(params.getlist("like")),
            unlike=_numbers(params.getlist("unlike")),
            image_id=_whole(image, NO_PHOTO) if image else None,
            weight=_real(weight) if weight else DEFAULT_WEIGHT,
            edit=_edit_from(params),
            filters=filters,
            page=_whole(params.get("page") or "1", NO_PAGE),
            method=params.get("named_by") or "",
        )

    def to_params(self) -> list[tuple[str, str]]:
        """Pairs for ``urlencode``; what is as it always is stays out."""
        pairs = []
        if self.words:
            pairs.append(("q", self.words))
        if self.edit is not None:
            pairs += edit_params(self.edit)
        pairs += [("photo", token) for token in self.photos]
        if self.image_id is not None:
            pairs.append(("image", str(self.image_id)))
        if self.crop:
            pairs.append(("crop", str(self.crop)))
        pairs += [("like", str(number)) for number in self.like]
        pairs += [("unlike", str(number)) for number in self.unlike]
        if self.weight != DEFAULT_WEIGHT:
            pairs.append(("weight", f"{self.weight:g}"))
        pairs += self.filters.to_query()
        if self.method:
            pairs.append(("named_by", self.method))
        if self.page != 1:
            pairs.append(("page", str(self.page)))
        return pairs


def methods_offered() -> tuple[str, ...]:
    """Methods of naming that a visitor may choose, the site's own choice first."""
    offered = (settings.SHOEFINDER_RECOGNISER, *settings.SHOEFINDER_RECOGNISERS_OFFERED)
    return tuple(dict.fromkeys(offered))


def edit_params(edit: Edit) -> list[tuple[str, str]]:
    """Corrected chips as an address says them."""
    pairs = [("chip", term_spell(term)) for term in edit.terms] or [("chip", NO_CHIPS)]
    if edit.free_text:
        pairs.append(("text", edit.free_text))
    if edit.alternatives:
        pairs.append(("either", "1"))
    return pairs


def _edit_from(params: QueryDict) -> Edit | None:
    chips = [chip for chip in params.getlist("chip") if chip]
    text = params.get("text") or ""
    if not (chips or text):
        return None
    try:
        terms = tuple(term_read(chip) for chip in chips if chip != NO_CHIPS)
    except ValueError as error:
        raise QueryError(str(error)) from error
    return Edit(words="", terms=terms, free_text=text, alternatives=params.get("either") == "1")


def _edit_checked(edit: Edit | None) -> Edit | None:
    """Each term valid and once; the words stay with the query."""
    if edit is None:
        return None
    if len(edit.terms) > MAX_CHIPS:
        raise QueryError(f"At most {MAX_CHIPS} chips can be combined.")
    text = words_clean(edit.free_text)
    if len(text) > MAX_WORDS:
        raise QueryError(f"The text of a chip can have {MAX_WORDS} characters.")
    try:
        terms = dict.fromkeys(
            term_make(term.mode, term.attribute, term.value or term.tone, term.weight)
            for term in edit.terms
        )
    except ValueError as error:
        raise QueryError(str(error)) from error
    return replace(edit, words="", terms=tuple(terms), free_text=text)


def words_clean(text: str) -> str:
    """NFC, no control, format, private or unassigned characters, single spaces, trimmed.

    Format characters go too (zero-width spaces, direction marks): they are invisible, and two
    sentences that look alike must be the same query.
    """
    kept = "".join(
        " " if unicodedata.category(char)[0] == "C" else char
        # An attack may send megabytes; what is told afterwards needs no more than this.
        for char in unicodedata.normalize("NFC", text[:100_000])
    )
    return unicodedata.normalize("NFC", _SPACE.sub(" ", kept).strip())


def _chosen(numbers: Sequence[int]) -> tuple[int, ...]:
    chosen = tuple(sorted(set(numbers)))
    if not all(1 <= number <= MAX_ID for number in chosen):
        raise QueryError(NO_PHOTO)
    if len(chosen) > MAX_REFINED:
        raise QueryError(
            f"A search can be refined by up to {MAX_REFINED} shoes each way. Take one back first."
        )
    return chosen


def _numbers(texts: Sequence[str]) -> tuple[int, ...]:
    # One more than allowed is enough to be refused for, whatever an attack sends.
    distinct = list(dict.fromkeys(text for text in texts if text))[: MAX_REFINED + 1]
    return tuple(_whole(text, NO_PHOTO) for text in distinct)


def _whole(text: str, message: str) -> int:
    # int() would take "+1", "1_0" and other scripts' digits: two addresses for one query.
    if not (len(text) <= 19 and text.isascii() and text.isdigit()):
        raise QueryError(message)
    return int(text)


def _real(text: str) -> float:
    try:
        return float(text[:40])
    except ValueError:
        raise QueryError(
            "The balance between photo and words must be a number between 0 and 1."
        ) from None
