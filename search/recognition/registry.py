"""The methods by name. A new one is a class and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from search.exceptions import RecognitionError
from search.recognition.adapters import LinearProbe, TipAdapter
from search.recognition.base import Method
from search.recognition.blend import Blend
from search.recognition.discriminant import Discriminant, Head
from search.recognition.five_steps import FiveSteps
from search.recognition.learned_prompts import CoCoOp, CoOp
from search.recognition.neighbours import Knn, Prototype

METHODS: Final[Mapping[str, Method]] = {
    method.name: method
    for method in (
        Knn(),
        Prototype(),
        FiveSteps(),
        TipAdapter(),
        TipAdapter(
            tune=60,
            name="tip-adapter-f",
            title="Photos and words, tuned (Tip-Adapter-F)",
            leaves_out=False,
        ),
        LinearProbe(),
        Discriminant(),
        Head(),
        Blend(),
        CoOp(),
        CoCoOp(),
    )
}
DEFAULT: Final = "blend"


def method_named(name: str) -> Method:
    """Raises ``RecognitionError`` for a name that is not in ``METHODS``."""
    if name not in METHODS:
        raise RecognitionError(
            f"There is no method of naming called {name!r}; there are: {', '.join(METHODS)}."
        )
    return METHODS[name]
