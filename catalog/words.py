"""The words of shops, read: height, gender and kind of shoe, and what is the model in a title."""

from __future__ import annotations

import re
from collections.abc import Iterable

from catalog.colours import colours_parse
from catalog.models import Availability, Category, Gender, Height
from catalog.text import name_clean
from catalog.titles import vocabulary

_TOKENS = re.compile(r"[a-z0-9]+")
_LETTERS = re.compile(r"[^\W\d_]+")

_HEIGHTS = {
    "low": Height.LOW, "lo": Height.LOW,
    "mid": Height.MID,
    "high": Height.HIGH, "hi": Height.HIGH, "hightop": Height.HIGH,
}  # fmt: skip
_CATEGORIES: tuple[tuple[str, Category], ...] = (
    # The first that matches wins: the special before the general.
    (r"flip[\s-]?flops?|thongs?|slides?|slippers?", Category.FLIP_FLOP),
    (r"sandals?|floaters?|espadrilles? sandals?", Category.SANDAL),
    (r"loafers?|moccasins?|mocassins?", Category.LOAFER),
    (r"slip[\s-]?ons?", Category.SLIP_ON),
    (r"boots?|booties|chelsea", Category.BOOT),
    (r"heels?|pumps?|stilettos?|wedges?", Category.HEEL),
    (r"flats|ballerinas?|ballet", Category.FLAT),
    (r"basket\s?ball", Category.BASKETBALL),
    (r"running|runners?|jogging", Category.RUNNING),
    (r"formal|dress shoes?|oxfords?|derby|derbies|brogues?", Category.FORMAL),
    (r"sports?|training|football|soccer|tennis|trail|hiking|golf|cleats?|gym", Category.SPORT),
    (r"sneakers?|trainers?|skate(?:board(?:ing)?)?", Category.SNEAKER),
    (r"casual|lifestyle", Category.CASUAL),
)  # fmt: skip
_CATEGORY_PATTERNS = [(re.compile(rf"\b(?:{p})\b"), category) for p, category in _CATEGORIES]
_NOUNS = {
    Category.FLIP_FLOP, Category.SANDAL, Category.LOAFER, Category.SLIP_ON, Category.BOOT,
}  # fmt: skip
"""Kinds that a title may tell; "runner" or "tennis" in a model's name may mean anything."""

_AVAILABILITY = {
    "instock": Availability.IN_STOCK,
    "instoreonly": Availability.IN_STOCK,
    "onlineonly": Availability.IN_STOCK,
    "limitedavailability": Availability.IN_STOCK,
    "available": Availability.IN_STOCK,
    "outofstock": Availability.OUT_OF_STOCK,
    "oos": Availability.OUT_OF_STOCK,
    "soldout": Availability.OUT_OF_STOCK,
    "discontinued": Availability.OUT_OF_STOCK,
    "preorder": Availability.PREORDER,
    "presale": Availability.PREORDER,
    "backorder": Availability.PREORDER,
    "pending": Availability.PREORDER,
    "availablefororder": Availability.PREORDER,
}
_AUDIENCE_SUFFIX = re.compile(
    r"\s*(?:[-–—|,]\s*|\(\s*)"
    r"(?:(?:men|women|boy|girl|kid|child|toddler|infant|youth)(?:['’]?s|s['’]|en['’]?s)?|unisex)"
    r"(?:\s+(?:grade school|preschool|toddler|infant|shoes?))?\s*\)?\s*$",
    re.IGNORECASE,
)
_SIGNED = r"(?:\s+[-–—|]\s+|\s*[,(]\s*|\s+(?:by|von|par|por)\s+)"
_BEFORE_COLOUR = re.compile(r"\s+[-–—|]\s+|,\s+|\s+in\s+|\s*\((?=[^()]*\)$)", re.IGNORECASE)
"""Of a title and its colour: "Glide - Red", "Glide in Red", "Glide, Red", "Glide (Red)"."""


def height_guess(*names: str) -> str:
    """Of the shaft, from the words high, mid, low, hi in names; "" when none says it.

    The last such word of the first name that has one wins: "High Street Low" is low.
    """
    for name in names:
        for token in reversed(_TOKENS.findall(name.lower())):
            if token in _HEIGHTS:
                return _HEIGHTS[token].value
    return ""


def gender_parse(text: str) -> str:
    """ "Men's", "https://schema.org/Female", "Damen", "Boys' Toddler" → a Gender value, or ""."""
    tokens = set(_LETTERS.findall(re.sub(r"['’]", "", text.lower())))
    told = {vocabulary.GENDERS[token] for token in tokens & vocabulary.GENDERS.keys()}
    if Gender.KIDS in told or {"grade", "school"} <= tokens:
        return Gender.KIDS.value
    if Gender.UNISEX in told or {Gender.MEN, Gender.WOMEN} <= told:
        return Gender.UNISEX.value
    return told.pop().value if told else ""


def audience_split(name: str) -> tuple[str, str]:
    """A title without whom the shoe is for, and the words that tell it.

    >>> audience_split("Women's Ghost 15 Running Shoes")
    ('Ghost 15', "Women's Running Shoes")
    >>> audience_split("Old Skool (Men's)")
    ('Old Skool', "Men's")
    """
    rest = _AUDIENCE_SUFFIX.sub("", name)
    taken = [name[len(rest) :].strip(" -–—|,()")]
    words = rest.split()
    while len(words) > 1 and _is_audience(words[0]):
        taken.append(words.pop(0))
    end = len(words)
    while end > 1 and words[end - 1].lower() in vocabulary.ANY_SHOE:
        end -= 1
    # What kind of shoe it is may be the name; behind an audience it is not.
    if end and (taken[1:] or _is_audience(words[end - 1])):
        taken += words[end:]
        words = words[:end]
    while len(words) > 1 and _is_audience(words[-1]):
        taken.append(words.pop())
    return " ".join(words), " ".join(filter(None, taken))


def _is_audience(word: str) -> bool:
    bare = re.sub(r"['’]s?$", "", word.lower().strip(",;"))
    return bare in vocabulary.AUDIENCES


def category_parse(text: str, *, title: str = "") -> str:
    """The kind of shoe in a shop's category, else what the title's noun says, or ""."""
    lower = text.lower()
    if lower in Category.values:
        return lower
    for pattern, category in _CATEGORY_PATTERNS:
        if pattern.search(lower):
            return category.value
    for pattern, category in _CATEGORY_PATTERNS:
        if category in _NOUNS and pattern.search(title.lower()):
            return category.value
    return ""


def availability_parse(text: str) -> str:
    """ "https://schema.org/InStock", "in stock", "preorder" → an Availability value, or ""."""
    word = re.sub(r"[^a-z]", "", text.lower().rpartition("/")[2])
    return _AVAILABILITY[word].value if word in _AVAILABILITY else ""


def model_name(
    *, group: str, title: str, colour: str, brand_names: Iterable[str]
) -> tuple[str, str]:
    """A model's name, and the colour text where only the title tells it.

    The group's name is believed; a title loses its brand, its colour and whom it is for.
    Both answers may be "".
    """
    name = name_clean(audience_split(group or title)[0])
    names = sorted(brand_names, key=len, reverse=True)
    if group:
        return _without_brand(name, names) or name, colour
    if colour:
        name = _without_colour(name, colour)
    else:
        name, colour = _colour_parted(name)
    name = name_clean(audience_split(name)[0])
    return _without_brand(name, names), colour


def _colour_parted(name: str) -> tuple[str, str]:
    """A title and the colour at its end; "" where it has none."""
    for before in _BEFORE_COLOUR.finditer(name):
        head, tail = name[: before.start()], name[before.end() :].strip()
        tail = tail.removesuffix(")") if before[0].endswith("(") else tail
        if head.strip() and not set(tail) & set("()") and _is_colour(tail):
            return head, tail
    return name, ""


def _is_colour(text: str) -> bool:
    """Whether every part of "Core Black / White" is a colour; "Gum Rubber Edition" is not.

    Of colours with a slash between one is enough: makers invent names ("Glacier/White").
    """
    parts = [part for part in re.split(r"\s*[/,&+]\s*|\s+[-–—|]\s+", text) if part]
    known = [bool(colours_parse(part)) for part in parts]
    is_list = len(parts) > 1 and len(parts) == len(text.split("/"))
    return (
        all(len(p.split()) <= 3 for p in parts)
        and bool(known)
        and (any(known) if is_list else all(known))
    )


def _without_brand(name: str, brand_names: Iterable[str]) -> str:
    """Without the brand it begins with, and the kind of shoe before that: "Baskets Veja Campo";
    else without the one behind it: "Campo – Veja", "Campo by Veja"."""
    for brand in brand_names:
        if brand and (found := re.search(rf"(?<!\w){re.escape(brand)}(?!\w)", name, re.IGNORECASE)):
            before = name[: found.start()].lower().split()
            if all(word in vocabulary.KINDS | vocabulary.NOISE for word in before):
                rest = name[found.end() :]
                return name_clean(rest.lstrip("'’s ") if rest[:1] in "'’" else rest)
            if signed := re.search(rf"{_SIGNED}{re.escape(brand)}\W*$", name, re.IGNORECASE):
                return name_clean(name[: signed.start()])
    return name


def _without_colour(name: str, colour: str) -> str:
    words = re.findall(r"\w+", colour)[:16]
    if not words:
        return name
    pattern = r"[\W_]+".join(re.escape(word) for word in words)
    cut = re.sub(rf"(?:^|[\s\-–—|,/:(\[]+){pattern}[\s)\].]*$", "", name, flags=re.IGNORECASE)
    return name_clean(cut)
