"""What the words ask to keep, to change and to avoid: a sentence read into terms.

Pure: no models, no encoder. What the photo shows is known elsewhere; "another brand" is therefore a
term without a value, which is resolved when the photo is known.
"""

from __future__ import annotations

from search.edits.addresses import CHOICES, MAX_WEIGHT, term_make, term_read, term_spell
from search.edits.lexicon import Lexicon, built_in, name_is_shy
from search.edits.prompts import NEUTRAL_PROMPTS, colour_prompts, prompt_name, shoe_prompts
from search.edits.reading import edit_parse
from search.edits.terms import ATTRIBUTES, TONES, Attribute, Edit, EditTerm, Mode, Tone

__all__ = [
    "ATTRIBUTES",
    "CHOICES",
    "MAX_WEIGHT",
    "NEUTRAL_PROMPTS",
    "TONES",
    "Attribute",
    "Edit",
    "EditTerm",
    "Lexicon",
    "Mode",
    "Tone",
    "built_in",
    "colour_prompts",
    "edit_parse",
    "name_is_shy",
    "prompt_name",
    "shoe_prompts",
    "term_make",
    "term_read",
    "term_spell",
]
