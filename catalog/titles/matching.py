"""Which model of the catalog a title names, by its words, with a confidence.

Words are compared and not letters: "Air Max 90" and "Air Max 95" differ by one letter and are two
shoes, "Ultraboost" and "Ultra Boost" are one. rapidfuzz proposes, the comparison of words decides.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process
from rapidfuzz.distance import DamerauLevenshtein

from catalog.titles import vocabulary as words
from catalog.titles.parsing import ParsedTitle, word_tokens

PROPOSED: Final = 40
"""Names that the fuzzy search hands to the comparison of words."""
SHOWN: Final = 5
LEAST_SHOWN: Final = 0.15
SAME_WORD: Final = 0.8
"""Similarity from which two words of letters are one with a typing error."""
CLEAR_MARGIN: Final = 0.08
"""What the best name must be ahead of the best other model for its confidence to be its score."""
CONFLICT: Final = 0.55
"""Factor where a number or a height is told by one side and not by the other."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that a title may name."""

    model_id: int
    name: str
    """Of the model, with its brand."""
    score: float
    """0 to 1: how far the words agree."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a title was resolved to."""

    parsed: ParsedTitle
    candidates: tuple[Candidate, ...]
    """Best first, at most `SHOWN`."""
    confidence: float
    """0 to 1, of the first candidate; 0 without one."""


@dataclass(frozen=True, slots=True)
class _Name:
    model_id: int
    label: str
    words: tuple[str, ...]
    text: str


class TitleCatalog:
    """Brands and models by all their names, in memory: some 300 bytes a name."""

    def __init__(
        self,
        *,
        brands: Iterable[tuple[str, Sequence[str]]],
        models: Iterable[tuple[int, str, str, Sequence[str]]],
    ) -> None:
        """
        Args:
            brands: (name, aliases) of each.
            models: (id, brand's name, name, aliases) of each; of a merged one the id of the model
                that took it in.
        """
        self.brands: dict[str, str] = {}
        for brand, aliases in brands:
            for alias in (*aliases, brand):
                self.brands[" ".join(word_tokens(alias))] = brand
        self._names: dict[str, list[_Name]] = defaultdict(list)
        self._labels: dict[int, str] = {}
        for model_id, brand, name, aliases in models:
            label = f"{brand} {name}"
            self._labels.setdefault(model_id, label)
            for each in (name, *aliases):
                tokens = _split(word_tokens(each))
                if tokens:
                    self._names[brand].append(_Name(model_id, label, tokens, " ".join(tokens)))
        self._texts = {brand: [n.text for n in names] for brand, names in self._names.items()}
        self._weights = {brand: _weights(names) for brand, names in self._names.items()}

    def brand_of(self, text: str) -> str:
        """The catalog's name of a brand by name, alias, or one typing error; "" if unknown."""
        key = " ".join(word_tokens(text))
        if key in self.brands or len(key) < 5:
            return self.brands.get(key, "")
        found = process.extractOne(key, self.brands.keys(), scorer=fuzz.ratio, score_cutoff=88)
        return self.brands[found[0]] if found else ""

    def label(self, model_id: int) -> str:
        """Brand and name of a model, "" if unknown."""
        return self._labels.get(model_id, "")

    def candidates(self, parsed: ParsedTitle) -> tuple[Candidate, ...]:
        """Models of the title's brand, or of all where it names none, best first."""
        brands = [parsed.brand] if parsed.brand in self._names else []
        if not parsed.brand:
            brands = list(self._names)
        best: dict[int, Candidate] = {}
        for brand in brands:
            for found in self._of_brand(brand, parsed):
                known = best.get(found.model_id)
                if known is None or found.score > known.score:
                    best[found.model_id] = found
        ranked = sorted(best.values(), key=lambda one: (-one.score, one.model_id))
        return tuple(ranked[:SHOWN])

    def _of_brand(self, brand: str, parsed: ParsedTitle) -> Iterable[Candidate]:
        kept = _split(word_tokens(parsed.model))
        whole = _split(parsed.tokens)
        if not whole:
            return
        texts, names, weights = self._texts[brand], self._names[brand], self._weights[brand]
        # Once by the words that are left, once by all of the title.
        places: set[int] = set()
        for query, scorer in (
            (" ".join(kept), fuzz.ratio),
            (" ".join(whole), fuzz.token_set_ratio),
        ):
            if query:
                proposed = process.extract(query, texts, scorer=scorer, limit=PROPOSED)
                places |= {place for _, _, place in proposed}
        for place in sorted(places):
            name = names[place]
            score = _agreement(name.words, kept, whole, weights)
            if score >= LEAST_SHOWN:
                yield Candidate(name.model_id, name.label, round(score, 4))


def title_resolve(parsed: ParsedTitle, catalog: TitleCatalog) -> Resolution:
    """The models that a title may name, and how sure the first one is."""
    candidates = catalog.candidates(parsed)
    if not candidates:
        return Resolution(parsed, (), 0.0)
    first = candidates[0].score
    second = candidates[1].score if len(candidates) > 1 else 0.0
    # Two names that fit equally well are a guess between two.
    margin = min(1.0, (first - second) / CLEAR_MARGIN)
    confidence = first * (0.5 + 0.5 * margin)
    if not parsed.brand:
        confidence *= 0.8
    return Resolution(parsed, candidates, round(confidence, 4))


def _weights(names: Sequence[_Name]) -> Mapping[str, float]:
    """How much a word tells within a brand: log(1 + names / names that have it), scaled to 1."""
    counts = Counter(word for name in names for word in set(name.words))
    top = math.log(1 + len(names))
    return {word: max(0.25, math.log(1 + len(names) / n) / top) for word, n in counts.items()}


def _agreement(
    name: Sequence[str], kept: Sequence[str], whole: Sequence[str], weights: Mapping[str, float]
) -> float:
    """Share of weight that name and title have in common (Dice), 0 to 1.

    The name's words may come from the whole title, since a colour or "Men" may be part of a name;
    what counts against it is what is left over of ``kept``, and its own words that are missing.
    """
    pool = Counter(whole)
    credit = missing = 0.0
    conflict = False
    used: Counter[str] = Counter()
    for word in name:
        weight = weights.get(word, 1.0)
        match, likeness = _closest(word, pool)
        if match:
            pool[match] -= 1
            used[match] += 1
            credit += weight * likeness
            missing += weight * (1 - likeness)
        else:
            missing += weight
            conflict |= _distinguishes(word)
    left = Counter(kept) - used
    extra = 0.0
    for word, count in left.items():
        extra += weights.get(word, 1.0) * count
        conflict |= _distinguishes(word) and not (word == "low" and not conflict)
    if not credit:
        return 0.0
    score = 2 * credit / (2 * credit + missing + extra)
    return score * (CONFLICT if conflict else 1.0)


def _closest(word: str, pool: Counter[str]) -> tuple[str, float]:
    if pool[word] > 0:
        return word, 1.0
    if len(word) < 4 or not word.isalpha():
        return "", 0.0
    best, likeness = "", SAME_WORD
    for other, count in pool.items():
        if count > 0 and other.isalpha() and abs(len(other) - len(word)) <= 2:
            same = DamerauLevenshtein.normalized_similarity(word, other, score_cutoff=likeness)
            if same >= likeness:
                best, likeness = other, same
    return (best, likeness) if best else ("", 0.0)


def _distinguishes(word: str) -> bool:
    """Whether a word makes another shoe of it: a number, a version, a height."""
    return any(c.isdigit() for c in word) or word in words.HEIGHTS or word in words.ROMAN


def _split(tokens: Iterable[str]) -> tuple[str, ...]:
    """Compare "Gel-Lyte" with "Gel Lyte", and "'07" with "07"."""
    parts: list[str] = []
    for token in tokens:
        cleaned = token.replace("'", "").replace("’", "")
        parts += [part for part in cleaned.replace("/", "-").split("-") if part]
    return tuple(parts)
