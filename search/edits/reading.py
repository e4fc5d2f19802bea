"""What the words ask to change: "same but in burgundy", "red instead of black".

A first, small reader: it finds colours, wanted and unwanted, and says which sentences describe the
wish, so that a direction from what is to what is wished can be built between text vectors. What it
does not understand is not dropped: it stays in the sentences.
"""

from __future__ import annotations

import re
from itertools import pairwise

from catalog.colours import COLOURS
from search.edits.terms import Edit, EditTerm

_COLOUR_OF = {
    word: colour.slug for colour in COLOURS for word in (colour.slug, colour.name, *colour.synonyms)
}
_COLOUR = "|".join(
    re.escape(word).replace(r"\-", "[- ]").replace(r"\ ", "[- ]")
    for word in sorted(_COLOUR_OF, key=len, reverse=True)
)
_NAMED = re.compile(rf"(?<![\w-])(?:{_COLOUR})(?![\w-])", re.IGNORECASE)

# "a white sole" wishes for a sole, not for a white shoe.
_PART = re.compile(
    r"\W+(?:(?:rubber|leather|foam|mesh|suede)\s+)?(?:(?:mid|out|in)?soles?|laces?|swoosh(?:es)?|"
    r"stripes?|logos?|heel|tongues?|toes?|linings?|straps?|collars?|accents?|details?|trims?)\b",
    re.IGNORECASE,
)
_UNWANTED = re.compile(
    r"\b(?:instead\s+of|rather\s+than|in\s+place\s+of|but\s+not|not|without|no|never|from|than)"
    r"(?:\s+(?:in|the|a|an|any|so|too))*\s*$",
    re.IGNORECASE,
)
_JOINED = re.compile(r"\W*(?:and|with|&|\+)?\W*", re.IGNORECASE)
_ALTERNATIVE = re.compile(r"\W*[/,|]\W*(?:or\b\W*)?|\W*\bor\b\W*", re.IGNORECASE)
_FILLER = frozenset(
    # A sentence of words is easier to read and to add to than a list of literals.
    """a an and any another be but by color colored colour coloured colours colors design different
    find for get give have i i'd in instead is it its just kind like look looking looks make me
    model no not of one ones only or pair photo picture please rather same shade shoe shoes show
    similar sneaker sneakers some style than that the them these this those to version want wanted
    with without would you from place""".split()  # noqa: SIM905
)


def edit_parse(words: str) -> Edit:
    """Read a sentence. ``words`` are clean (``search.query.words_clean``); any text is accepted."""
    found: list[tuple[re.Match[str], str]] = [
        (match, _COLOUR_OF[_canonical(match.group())])
        for match in _NAMED.finditer(words)
        if not _PART.match(words, match.end())
    ]
    wanted: list[tuple[re.Match[str], str]] = []
    avoided: list[str] = []
    last_avoided: re.Match[str] | None = None
    for match, slug in found:
        chained = last_avoided is not None and _is_joint(words[last_avoided.end() : match.start()])
        if chained or _UNWANTED.search(words[: match.start()]):
            avoided.append(slug)
            last_avoided = match
        else:
            wanted.append((match, slug))
            last_avoided = None
    slugs = tuple(dict.fromkeys(slug for _, slug in wanted))
    unwanted = dict.fromkeys(slug for slug in avoided if slug not in slugs)
    gaps = [words[left.end() : right.start()] for (left, _), (right, _) in pairwise(wanted)]
    return Edit(
        words=words,
        terms=(
            *(EditTerm("change", "colour", slug) for slug in slugs),
            *(EditTerm("avoid", "colour", slug) for slug in unwanted),
        ),
        free_text=_rest(words, [match for match, _ in found]),
        alternatives=len(slugs) > 1 and any(_ALTERNATIVE.fullmatch(gap) for gap in gaps),
    )


def _canonical(text: str) -> str:
    lowered = text.lower()
    return lowered if lowered in _COLOUR_OF else lowered.replace("-", " ")


def _is_joint(gap: str) -> bool:
    return bool(_JOINED.fullmatch(gap) or _ALTERNATIVE.fullmatch(gap))


def _rest(words: str, named: list[re.Match[str]]) -> str:
    left, at = [], 0
    for match in named:
        left.append(words[at : match.start()])
        at = match.end()
    left.append(words[at:])
    text = " ".join(left)
    said = [word for word in re.findall(r"[\w'-]+", text.lower()) if word not in _FILLER]
    return " ".join(text.split()) if said else ""
