"""Sentences that say one thing to a text encoder, whatever words it was asked for in."""

from __future__ import annotations

from typing import Final

from catalog.colours import BY_SLUG

COLOUR_PROMPTS: Final = (
    "a {} shoe",
    "a photo of a {} shoe",
    "{} sneakers",
    "a pair of {} shoes",
)
"""An ensemble: the mean of several wordings says the colour and little else."""

NEUTRAL_PROMPTS: Final = tuple(" ".join(p.format("").split()) for p in COLOUR_PROMPTS)
"""A shoe of which nothing is said: where a direction starts when no attribute is known."""

PROMPT_NAMES: Final = {"olive": "olive green", "multi": "multicolour"}
"""Where the bare name means something else to a text encoder, or nothing."""


def colour_prompts(name: str) -> tuple[str, ...]:
    """Sentences for one colour: a slug, or colours already put into words."""
    spelled = prompt_name(name)
    article = "an" if spelled[:1] in "aeiou" else "a"
    return tuple(
        prompt.replace("a {}", f"{article} {{}}").format(spelled) for prompt in COLOUR_PROMPTS
    )


def prompt_name(slug: str) -> str:
    """The colour as a text encoder reads it best."""
    return PROMPT_NAMES.get(slug, BY_SLUG[slug].name if slug in BY_SLUG else slug)
