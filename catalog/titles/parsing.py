"""A listing title taken apart, word by word, without knowing any model.

What is surely something else (style code, size, for whom, the seller's noise, colours at the end)
is taken out; what is left names the model. Every word keeps its place, so that the catalog's own
names can claim back what was taken ("Triple Black", "Men" in a model's name).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from catalog.colours import colour_parse
from catalog.models import Gender
from catalog.text import text_clean
from catalog.titles import vocabulary as words
from catalog.types import MAX_NAME, MAX_TITLE

MAX_WORDS: Final = 60
MAX_BRAND_WORDS: Final = 4

_WORD = re.compile(r"[^\W_]+(?:[.'’&/+-][^\W_]+)*", re.UNICODE)
_NUMBER = r"\d{1,2}(?:[.,]\d{1,2}|\s?½|\s[12]/[23])?"
_RANGE = rf"({_NUMBER})(?:\s*(?:-|–|—|to|bis|à|al?|tot)\s*({_NUMBER}))?"
_SYSTEM = r"eu(?:r|ro)?|uk|us|usa|fr|it|jp|cm"
_SIZE_WORD = (
    r"sizes?|sz\.?|gr(?:öße|oesse|össe|\.)?|taille|pointure|talla|taglia|misura|n[°º]|maat|numero"
)
_SIZES = (
    re.compile(
        rf"\b(?:(?:{_SIZE_WORD})[\s:.]*)?(?P<system>{_SYSTEM})[\s:.]*{_RANGE}(?!\w)", re.IGNORECASE
    ),
    re.compile(rf"\b{_RANGE}\s?(?P<system>{_SYSTEM})\b", re.IGNORECASE),
    re.compile(rf"\b(?:{_SIZE_WORD})[\s:.]*{_RANGE}(?!\w)(?P<system>)", re.IGNORECASE),
)
_STYLE_CODES = re.compile(
    r"\b(?:"
    r"[A-Z]{2}\d{4}[- ]\d{3}"  # Nike, Jordan: CW2288-111
    r"|\d{6}[- ]\d{3}"  # Nike before 2018: 315122-111
    r"|VN[0-9A-Z]{6,12}"  # Vans
    r"|\d{6}[-_]\d{2}"  # Puma: 374915-01
    r"|1\d{3}A\d{3}[-.]\d{3}"  # Asics: 1201A019-108
    r"|1[0-9]{5}C"  # Converse: 162050C
    r"|[A-Z]{2}\d{4}"  # adidas: FX5502
    r"|[BDGHS]\d{5}"  # adidas: B75806
    r"|[MWU][A-Z]?\d{3,4}[A-Z]{2,3}\d?"  # New Balance: ML574EVG
    r"|S\d{5}-\d{1,3}"  # Saucony: S70665-2
    r"|\d{7,9}"  # no model's name has so many digits: a shop's own number
    r")\b"
)
_PRICE = re.compile(
    r"(?:[€$£]\s?\d+(?:[.,]\d+)?|\b\d+(?:[.,]\d+)?\s?(?:€|eur\b|usd\b|gbp\b|%))", re.I
)
_AUDIENCE_MARK = re.compile(r"['’]s?$")


@dataclass(frozen=True, slots=True)
class SizeRange:
    """Sizes that a title tells; ``system`` is eu, uk, us, fr, it, jp, cm, or "" where untold."""

    system: str
    low: Decimal
    high: Decimal

    def __str__(self) -> str:
        span = f"{self.low}" if self.low == self.high else f"{self.low}–{self.high}"
        return f"{self.system.upper()} {span}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedTitle:
    """What a title says. Texts are as they were written; what it does not say is empty."""

    title: str
    brand: str = ""
    """As the catalog writes it (a value of ``brands``)."""
    brand_at: int = -1
    """The place of its first word; -1 when the title does not name it."""
    model: str = ""
    """What is left: the model's name, as far as the title alone tells."""
    colours: tuple[str, ...] = ()
    """Slugs of catalog.colours, in order."""
    colour_text: str = ""
    style_code: str = ""
    gender: str = ""
    sizes: tuple[SizeRange, ...] = ()
    noise: tuple[str, ...] = ()
    tokens: tuple[str, ...] = field(default=(), repr=False)
    """Of the whole title without brand, sizes and codes, lower case: what a model's name may be
    made of."""

    @property
    def colour_name(self) -> str:
        """The colours as the catalog writes them: "Black / Off white"."""
        return " / ".join(slug.replace("-", " ").capitalize() for slug in self.colours)

    @property
    def is_typed(self) -> bool:
        """Whether somebody typed it (size, condition, shipping in it), so that the words left over
        may be anything; a shop's own title is a name with colour and audience at most."""
        return bool(self.sizes or self.style_code) or bool(words.MARKET & set(self.noise))


def title_parse(
    title: str, *, brands: Mapping[str, str] | None = None, brand: str = "", colour: str = ""
) -> ParsedTitle:
    """Take a title apart.

    Args:
        title: as published, of any length and from anybody.
        brands: lower-case names and aliases → the brand's name; the longest found counts, an
            earlier one before a later one.
        brand: the brand where the page tells it; found in the title only to be taken out.
        colour: the colour text where the page tells it.
    """
    text = text_clean(title, MAX_TITLE)
    rest = text
    sizes, rest = _take_sizes(_blank(_PRICE, rest))
    code, rest = _take_code(rest, sizes_before=bool(sizes))
    noise: list[str] = []
    for phrase in words.PHRASES:
        pattern = re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)", re.IGNORECASE)
        if pattern.search(rest):
            noise += phrase.split()
            rest = pattern.sub(lambda found: " " * len(found[0]), rest)
            if phrase in ("grade school", "pre school", "pre-school"):
                rest += " kids"
    found = [(match[0], match[0].lower()) for match in _WORD.finditer(rest)][:MAX_WORDS]
    name, span = _find_brand([low for _, low in found], brands or {}, brand)
    aside: tuple[str, ...] = ()
    if span is not None:
        # "adidas Originals": what an alias says beyond the name may begin a model's name.
        aside = tuple(low for _, low in found[span[0] : span[1]] if low not in name.lower().split())
        del found[span[0] : span[1]]
        if found[span[0] : span[0] + 1] and found[span[0]][1] == "originals":
            aside += (found.pop(span[0])[1],)
    tokens = (*aside, *(low for _, low in found))
    gender, found = _take_gender(found)
    colour_text, found = _take_colours(found, colour, noise)
    kept = [(word, low) for word, low in found if not (low in words.NOISE and _note(noise, low))]
    kept = _trim(kept)
    colours = _colour_slugs(colour_text)
    return ParsedTitle(
        title=text,
        brand=name,
        brand_at=span[0] if span is not None else -1,
        model=" ".join(word for word, _ in kept)[:MAX_NAME].strip(),
        colours=colours,
        colour_text=colour_text[:MAX_NAME],
        style_code=code,
        gender=gender,
        sizes=sizes,
        noise=tuple(dict.fromkeys(noise)),
        tokens=tokens,
    )


def word_tokens(text: str) -> tuple[str, ...]:
    """The words of a name, lower case, in order, as titles are cut into words."""
    return tuple(match[0].lower() for match in _WORD.finditer(text))


def _blank(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda found: " " * len(found[0]), text)


def _note(noise: list[str], word: str) -> bool:
    noise.append(word)
    return True


def _take_sizes(text: str) -> tuple[tuple[SizeRange, ...], str]:
    sizes: list[SizeRange] = []

    def take(found: re.Match[str]) -> str:
        low = _size(found[2] if found.re is _SIZES[0] else found[1])
        high_text = found[3] if found.re is _SIZES[0] else found[2]
        high = _size(high_text) if high_text else low
        system = {"eur": "eu", "euro": "eu", "usa": "us"}.get(
            (found["system"] or "").lower(), (found["system"] or "").lower()
        )
        if not _plausible(low, system) or not _plausible(high, system) or high < low:
            return found[0]
        sizes.append(SizeRange(system, low, high))
        return " " * len(found[0])

    for pattern in _SIZES:
        text = pattern.sub(take, text)
    return tuple(dict.fromkeys(sizes)), text


def _size(text: str) -> Decimal:
    text = text.replace(",", ".").strip()
    half = {"½": "0.5", "1/2": "0.5", "1/3": "0.33", "2/3": "0.67"}
    for mark, value in half.items():
        if text.endswith(mark):
            return Decimal(text.removesuffix(mark).strip()) + Decimal(value)
    return Decimal(text)


def _plausible(size: Decimal, system: str) -> bool:
    low, high = {
        "eu": (15, 55), "fr": (15, 55), "it": (15, 55), "cm": (8, 36), "jp": (8, 36),
        "uk": (0, 20), "us": (0, 22), "": (1, 55),
    }[system]  # fmt: skip
    return low <= size <= high


def _take_code(text: str, *, sizes_before: bool) -> tuple[str, str]:
    """The maker's code, and the text without it. The last one counts: models come first."""
    found = list(_STYLE_CODES.finditer(text))
    if not found or len(text.split()) < 2:
        return "", text
    last = found[-1]
    blanked = text[: last.start()] + " " * len(last[0]) + text[last.end() :]
    return last[0], blanked


def _find_brand(
    low: Sequence[str], brands: Mapping[str, str], told: str
) -> tuple[str, tuple[int, int] | None]:
    names = dict(brands)
    if told:
        names = {name: value for name, value in brands.items() if value == told}
        names[told.lower()] = told
    best: tuple[int, int, str] | None = None
    for start in range(len(low)):
        for length in range(min(MAX_BRAND_WORDS, len(low) - start), 0, -1):
            name = names.get(" ".join(low[start : start + length]))
            if name is not None and (best is None or length > best[1] - best[0]):
                best = (start, start + length, name)
    if best is None:
        return told, None
    return best[2], (best[0], best[1])


def _take_gender(found: list[tuple[str, str]]) -> tuple[str, list[tuple[str, str]]]:
    genders: list[Gender] = []
    kept: list[tuple[str, str]] = []
    for word, low in found:
        bare = _AUDIENCE_MARK.sub("", low)
        gender = words.GENDERS.get(low) or words.GENDERS.get(bare)
        parts = low.split("/")
        if gender is None and len(parts) == 2 and all(p in words.GENDERS for p in parts):
            genders += [words.GENDERS[part] for part in parts]
        elif gender is None:
            kept.append((word, low))
        else:
            genders.append(gender)
    told = set(genders)
    if Gender.KIDS in told:
        return Gender.KIDS.value, kept
    if Gender.UNISEX in told or {Gender.MEN, Gender.WOMEN} <= told:
        return Gender.UNISEX.value, kept
    return (told.pop().value if told else ""), kept


def _is_colour(low: str) -> bool:
    parts = [part for part in re.split(r"[/+&-]", low) if part]
    return bool(parts) and all(colour_parse(part) is not None for part in parts)


def _take_colours(
    found: list[tuple[str, str]], told: str, noise: list[str]
) -> tuple[str, list[tuple[str, str]]]:
    """The last run of colour words, with the kind of shoe that may stand behind it. At least one
    word is left: a shoe may be called "Blazer Red" but not just "Red"."""
    end = len(found)
    while end and (found[end - 1][1] in words.KINDS or found[end - 1][1] in words.NOISE):
        end -= 1
    stop = end
    while stop and _belongs(found, stop, end):
        stop -= 1
    if stop < end and stop == 0 and end == len(found):
        stop = 1 if len(found) > 1 else 0
    if stop < end:
        noise += [low for _, low in found[end:]]
        text = " ".join(word for word, _ in found[stop:end])
        return told or text, found[:stop]
    if end and end < len(found):
        noise += [low for _, low in found[end:]]
        found = found[:end]
    if told:
        drop = set(word_tokens(told))
        tail = len(found)
        while tail > 1 and found[tail - 1][1] in drop:
            tail -= 1
        found = found[:tail]
    elif (run := _inner_run(found)) is not None:
        return " ".join(word for word, _ in found[run[0] : run[1]]), found[: run[0]] + found[
            run[1] :
        ]
    return told, found


def _belongs(found: list[tuple[str, str]], stop: int, end: int) -> bool:
    """Whether the word before ``stop`` goes on with a run of colours that ends at ``end``."""
    low = found[stop - 1][1]
    if _is_colour(low):
        return True
    return stop < end and (low in words.SHADES or low in _between(found, stop))


def _between(found: list[tuple[str, str]], stop: int) -> Iterable[str]:
    """Words that join two colours: "black and white", "Gold Toned & Brown"."""
    before = stop > 1 and (_is_colour(found[stop - 2][1]) or found[stop - 2][1] in words.SHADES)
    return ("and", "und", "et", "y", "e", "with", "toned") if before else ()


def _inner_run(found: list[tuple[str, str]]) -> tuple[int, int] | None:
    """The last run of colours inside the title, behind its first word."""
    end = len(found)
    while end > 1 and not _is_colour(found[end - 1][1]):
        end -= 1
    start = end
    while start > 1 and _belongs(found, start, end):
        start -= 1
    return (start, end) if 1 <= start < end else None


def _colour_slugs(text: str) -> tuple[str, ...]:
    slugs: list[str] = []
    for part in re.split(r"\s*[/,;|+&]\s*|\s+(?:and|und|et|y|e|with)\s+", text.lower()):
        found = colour_parse(part)
        each = [colour_parse(word) for word in part.split()]
        named = [colour for colour in each if colour is not None]
        if len(named) > 1 and len(named) == len(each) and found not in named[-1:]:
            slugs.append(found.slug if found else "")
        elif len(named) > 1:
            slugs += [colour.slug for colour in named]
        elif found is not None:
            slugs.append(found.slug)
    return tuple(slug for slug in slugs if slug)[:8]


def _trim(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without joining words at the ends; "new" is one there, as brands with it are taken out."""
    idle = words.CONNECTIVES | {"new"}
    while found and found[0][1] in idle:
        found = found[1:]
    while found and found[-1][1] in idle:
        found = found[:-1]
    return found
