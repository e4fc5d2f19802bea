"""An encoder's words as ``fusion.Language``: colours, what shoes are, how they look."""

from __future__ import annotations

import threading
from typing import Final
from weakref import WeakKeyDictionary

from search.fusion import Language
from search.texts import COLOUR_SLUGS, TextSpace

SUBJECTS: Final = (
    "sneaker", "running shoe", "basketball shoe", "tennis shoe", "skate shoe", "trainer",
    "football boot", "hiking boot", "ankle boot", "chelsea boot", "combat boot", "rain boot",
    "work boot", "desert boot", "winter boot", "sandal", "flip-flop", "slide", "clog", "loafer",
    "moccasin", "oxford shoe", "derby shoe", "brogue", "monk strap shoe", "dress shoe", "boat shoe",
    "espadrille", "slip-on", "ballet flat", "high heel", "pump", "wedge", "platform shoe",
    "mule", "slipper", "canvas shoe", "high-top sneaker", "low-top sneaker", "mid-top sneaker",
    "chunky sneaker", "retro runner", "trail shoe", "court shoe", "training shoe", "walking shoe",
)  # fmt: skip
"""What a shoe may be, whatever it looks like."""

LOOKS: Final = (
    "black", "white", "grey", "red", "navy", "blue", "light blue", "green", "light green",
    "dark green", "olive", "yellow", "orange", "pink", "purple", "maroon", "brown", "tan", "beige",
    "cream", "teal", "aqua", "gold", "silver", "bronze", "multicolour", "dark", "light", "bright",
    "pastel", "neon", "matte", "shiny", "metallic", "striped", "camouflage", "floral", "plain",
    "two-tone",
)  # fmt: skip
PICTURED: Final = (
    "on a white background", "on the street", "worn on a foot", "from above", "from the side",
    "a pair", "close-up", "drawing", "old", "new", "dirty",
)  # fmt: skip
STYLES: Final = LOOKS + PICTURED
"""How it may look, or be pictured, whatever it is."""

_kept: WeakKeyDictionary[TextSpace, Language] = WeakKeyDictionary()
_lock = threading.Lock()


def language_of(space: TextSpace) -> Language:
    """The language of an encoder; the first call encodes a few hundred short sentences."""
    with _lock:
        if (kept := _kept.get(space)) is not None:
            return kept
    made = Language(
        colours=space.colours(),
        subjects=space.encode([f"a {word}" for word in SUBJECTS]),
        styles=space.encode([f"a {word} shoe" for word in STYLES]),
        words=(*SUBJECTS, *STYLES),
        say=space.encode,
    )
    with _lock:
        return _kept.setdefault(space, made)


COLOUR_PLACE: Final = {slug: place for place, slug in enumerate(COLOUR_SLUGS)}
"""The place of a colour's slug in ``Language.colours``; "multi" has none."""
