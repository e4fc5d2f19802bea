"""The colours that the catalog knows: one vocabulary of listings, filters, edits and evaluation."""
# ruff: noqa: E501 - a table reads better than its wrapped lines

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colour:
    """A basic colour of the shoe trade."""

    slug: str
    """What is stored and put into an address, e.g. ``light-blue``."""
    code: int
    """A small whole number for filters inside a vector store; never reused."""
    rgb: tuple[int, int, int]
    """A typical sRGB value, for swatches and for colour distances."""
    synonyms: tuple[str, ...] = ()
    """Other words of the trade, lower case."""

    @property
    def name(self) -> str:
        return self.slug.replace("-", " ")


COLOURS: tuple[Colour, ...] = (
    Colour("black", 1, (26, 26, 28), ("core black", "triple black", "jet", "ebony", "onyx")),
    Colour("white", 2, (247, 247, 245), ("triple white", "cloud white", "optic white", "snow")),
    Colour("grey", 3, (136, 138, 140), ("gray", "charcoal", "anthracite", "slate", "graphite", "smoke", "cool grey", "wolf grey", "dark grey", "light grey")),
    Colour("red", 4, (200, 30, 38), ("crimson", "scarlet", "university red", "gym red", "infrared")),
    Colour("navy", 5, (28, 40, 84), ("navy blue", "midnight navy", "collegiate navy", "obsidian", "dark blue", "midnight blue", "indigo")),
    Colour("blue", 6, (36, 92, 190), ("royal", "royal blue", "cobalt", "game royal", "electric blue")),
    Colour("light-blue", 7, (142, 190, 228), ("sky blue", "baby blue", "powder blue", "university blue", "ice blue", "carolina blue")),
    Colour("green", 8, (38, 140, 70), ("kelly green", "pine green", "emerald")),
    Colour("light-green", 9, (150, 214, 106), ("lime", "volt", "neon green", "mint", "mint green", "lime green", "neon yellow")),
    Colour("dark-green", 10, (22, 66, 44), ("forest green", "hunter green", "bottle green", "forest")),
    Colour("olive", 11, (104, 104, 58), ("olive green", "army green", "khaki green", "moss", "sage")),
    Colour("yellow", 12, (244, 208, 48), ("mustard", "lemon", "canary", "maize")),
    Colour("orange", 13, (238, 122, 38), ("total orange", "rust", "coral", "apricot")),
    Colour("pink", 14, (240, 150, 180), ("rose", "blush", "fuchsia", "magenta", "hot pink", "peach", "salmon")),
    Colour("purple", 15, (112, 62, 150), ("violet", "lavender", "lilac", "plum", "court purple", "mauve")),
    Colour("maroon", 16, (112, 26, 42), ("burgundy", "dark red", "wine", "bordeaux", "team red", "oxblood", "claret")),
    Colour("brown", 17, (104, 66, 40), ("chocolate", "coffee", "espresso", "mocha", "mushroom brown", "chestnut", "dark brown", "cognac")),
    Colour("tan", 18, (202, 164, 112), ("khaki", "camel", "wheat", "sand", "taupe", "light brown", "gum", "honey", "desert")),
    Colour("beige", 19, (228, 212, 182), ("nude", "ecru", "oatmeal", "stone", "linen")),
    Colour("off-white", 20, (240, 234, 218), ("cream", "ivory", "bone", "sail", "chalk", "eggshell")),
    Colour("teal", 21, (20, 126, 130), ("turquoise blue", "dark turquoise", "petrol")),
    Colour("aqua", 22, (94, 206, 208), ("turquoise", "cyan", "tiffany", "aquamarine")),
    Colour("gold", 23, (198, 160, 70), ("metallic gold", "rose gold")),
    Colour("silver", 24, (192, 196, 200), ("metallic silver", "metallic", "chrome", "platinum", "pure platinum", "gunmetal")),
    Colour("bronze", 25, (150, 102, 58), ("copper", "metallic bronze")),
    Colour("multi", 26, (160, 120, 160), ("multicolor", "multicolour", "multi color", "multi colour", "rainbow", "multi-color")),
)  # fmt: skip

BY_SLUG = {colour.slug: colour for colour in COLOURS}
BY_CODE = {colour.code: colour for colour in COLOURS}
CHOICES = [(colour.slug, colour.name.capitalize()) for colour in COLOURS]
_WORDS = {w: c for c in COLOURS for w in (c.slug, c.name, *c.synonyms)}
_SPLIT = re.compile(r"\s*[/,;|+&]\s*|\s+(?:and|with)\s+|\s+-\s+")
_NOT_A_WORD = re.compile(r"[^a-z]+")


def colour_parse(text: str) -> Colour | None:
    """One colour as a shop writes it ("Core Black", "university-red"), or None.

    The longest run of its words that the vocabulary knows wins; among equals the last, since
    English puts the noun last ("Royal Red" is a red).
    """
    words = _NOT_A_WORD.sub(" ", text.lower()).split()[:12]
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length, -1, -1):
            found = _WORDS.get(" ".join(words[start : start + length]))
            if found is not None:
                return found
    return None


def colours_parse(text: str) -> tuple[str, ...]:
    """Slugs of the colours in a published text, in their order; unknown ones are left out.

    >>> colours_parse("Core Black / Off-White - Gum")
    ('black', 'off-white', 'tan')
    >>> colours_parse("BLACK/WHITE-ANTHRACITE")
    ('black', 'white', 'grey')
    """
    parts = (one for part in _SPLIT.split(text[:500]) if part for one in _hyphens(part))
    return tuple(colour.slug for part in parts if (colour := colour_parse(part)) is not None)


def _hyphens(part: str) -> list[str]:
    """ "White-Black" is two colours, "Off-White" and "University-Red" are one each."""
    pieces = [piece for piece in re.split("[-–]", part) if piece.strip()]
    is_one = " ".join(_NOT_A_WORD.sub(" ", part.lower()).split()) in _WORDS
    return [part] if is_one or not all(map(colour_parse, pieces)) else pieces
