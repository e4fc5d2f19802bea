"""Whole numbers in words, as prices are said: "fifty", "a hundred and twenty", "achtzig"."""

from __future__ import annotations

from typing import Final

_TENS: Final = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "de": "zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
}
_HUNDREDS: Final = {
    "en": ("a hundred", "one hundred", "hundred", "two hundred", "three hundred", "four hundred"),
    "de": ("hundert", "einhundert", "zweihundert", "dreihundert", "vierhundert"),
    "es": ("cien", "ciento", "doscientos", "trescientos", "cuatrocientos"),
}
_JOINTS: Final = {"en": (" ", " and "), "de": ("", "und"), "es": (" ",)}
_COUNTS: Final = {"two": 2, "three": 3, "four": 4, "zwei": 2, "drei": 3, "vier": 4}
_COUNTS_ES: Final = {"doscientos": 200, "trescientos": 300, "cuatrocientos": 400}
_KOREAN: Final = {digit: place for place, digit in enumerate("일이삼사오육칠팔구", start=1)}


def numbers() -> dict[str, int]:
    """Folded words → number: the tens from twenty, hundreds, and their sums up to 490.

    >>> numbers()["a hundred and twenty"], numbers()["achtzig"]
    (120, 80)
    """
    found: dict[str, int] = {"dreißig": 30, "fuenfzig": 50}
    for language, words in _TENS.items():
        tens = {word: 10 * place for place, word in enumerate(words.split(), start=2)}
        found |= tens
        for hundred in _HUNDREDS[language]:
            found[hundred] = value = _hundreds(hundred)
            for joint in _JOINTS[language]:
                found |= {f"{hundred}{joint}{word}": value + ten for word, ten in tens.items()}
    return found


def korean_numbers() -> dict[str, int]:
    """How many of a unit: "오" of "오만 원", "십이" of "십이만 원"."""
    tens = {"십": 10} | {f"{digit}십": 10 * n for digit, n in _KOREAN.items() if n > 1}
    sums = {ten + digit: t + n for ten, t in tens.items() for digit, n in _KOREAN.items()}
    return _KOREAN | tens | sums


def _hundreds(word: str) -> int:
    if word in _COUNTS_ES:
        return _COUNTS_ES[word]
    return 100 * next((n for count, n in _COUNTS.items() if word.startswith(count)), 1)
