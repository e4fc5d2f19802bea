"""From a sentence to its parts: prices, phrases with a meaning, signs, and what is unknown."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from search.edits.lexicon import Kind, Lexicon, Meaning, endings, english, everyday, tables
from search.edits.prices import Price, prices_find
from search.edits.tokens import Token, fold, tokenize

_SIGNS: Final = {
    "/": Kind.OR, "|": Kind.OR, ",": Kind.COMMA, ";": Kind.STOP, ".": Kind.STOP, "!": Kind.STOP,
    "?": Kind.STOP, ":": Kind.IS, "=": Kind.IS, "&": Kind.AND, "+": Kind.AND, "(": Kind.COMMA,
    ")": Kind.COMMA, "->": Kind.WITH, "=>": Kind.WITH, "→": Kind.WITH, "·": Kind.COMMA,
    "、": Kind.COMMA, "，": Kind.COMMA, "!=": Kind.NOT, "<>": Kind.NOT, "≠": Kind.NOT,
}  # fmt: skip
_LETTERS_DIGITS: Final = re.compile(r"([a-z]{2,})(\d{2,4})")
_LONGEST_KOREAN: Final = 12
_SHORTEST_PART: Final = 4
_WITHOUT: Final = ("less", "free", "frei", "los")
_SHORTEST_HEAD: Final = 6
_COLOUR_HEADS: Final = ("rot", "grun", "blau", "gelb", "grau", "braun", "schwarz", "weiß", "weiss")
_COMPOUNDED: Final = frozenset({Kind.VALUE, Kind.SHOE})


@dataclass(frozen=True, slots=True)
class Item:
    """A part of the sentence and what it means."""

    kind: Kind
    text: str
    """Folded."""
    start: int
    end: int
    attribute: str = ""
    value: str = ""
    shy: bool = False
    price: Price | None = None
    otherwise: Meaning | None = None

    def as_common_word(self) -> Item:
        """A name, taken for what the word means otherwise."""
        other = self.otherwise or Meaning(Kind.UNKNOWN)
        return self.turned(other.kind, other.attribute, other.value)

    def turned(self, kind: Kind, attribute: str = "", value: str = "") -> Item:
        return replace(self, kind=kind, attribute=attribute, value=value, shy=False)


def scan(words: str, lexicon: Lexicon) -> list[Item]:
    """All parts in order; together they cover every word and sign of the sentence."""
    folded = fold(words).replace("\n", ".")  # a line is a sentence
    items: list[Item] = []
    prices = prices_find(folded)
    at = 0
    for price in [*prices, None]:
        upto = price.start if price else len(folded)
        # Blanks instead of what is before: places stay those of the whole sentence.
        items += _scan_words(" " * at + folded[at:upto], lexicon)
        if price:
            items.append(
                Item(Kind.VALUE, folded[price.start : price.end], price.start, price.end,
                     "price", price=price)
            )  # fmt: skip
            at = price.end
    return [
        item.turned(Kind.WITH)
        if item.text in {"fur", "furs"} and "ü" in words[item.start : item.end]
        else item
        for item in items
    ]


def _scan_words(folded: str, lexicon: Lexicon) -> list[Item]:
    tokens = _split_names(tokenize(folded), lexicon)
    items: list[Item] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if "가" <= token.text[0] <= "힣":
            at = _korean(folded, tokens, at, lexicon, items)
        elif not token.is_word:
            if kind := _sign(folded, token):
                items.append(Item(kind, token.text, token.start, token.end))
            at += 1
        else:
            at = _latin(tokens, at, lexicon, items)
    return items


def _sign(folded: str, token: Token) -> Kind | None:
    opens = token.start == 0 or folded[token.start - 1].isspace()
    if token.text == "+" and opens and folded[token.end :][:1].strip():
        return Kind.STOP  # "-nike +adidas", as in a search box
    if token.text == "-":
        # "high-top" is one word, "red - not blue" has two parts, "red -blue" denies one.
        if not opens:
            return None
        return Kind.COMMA if folded[token.end :][:1].isspace() else Kind.NOT
    return _SIGNS.get(token.text)


def _split_names(tokens: list[Token], lexicon: Lexicon) -> list[Token]:
    """ "nb574" is a brand and a number, "Herrenschuhe" two words, "laceless" is lace-free."""
    split: list[Token] = []
    for token in tokens:
        whole = lexicon.knows(token.text) or _is_inflected(token.text, lexicon)
        length = 0 if whole else _first_length(token.text, lexicon)
        without = 0 if length or lexicon.knows(token.text) else _without(token.text, lexicon)
        if without:
            split.append(Token(token.text[:without], token.start, token.start + without))
            split.append(Token("free", token.start + without, token.end))
        elif length:
            middle = token.start + length
            split.append(Token(token.text[:length], token.start, middle))
            split.append(Token(token.text[length:], middle, token.end))
        else:
            split.append(token)
    return split


def _is_inflected(word: str, lexicon: Lexicon) -> bool:
    """ "weinrote" is one of "weinrot", and no red wine."""
    meanings = (lexicon.get((stem,)) for stem in endings(word) if len(stem) > _SHORTEST_HEAD)
    return any(found is not None and found.kind is Kind.VALUE for found in meanings)


def _first_length(word: str, lexicon: Lexicon) -> int:
    """Letters of the first of two words written together; 0 when it is one word."""
    if match := _LETTERS_DIGITS.fullmatch(word):
        return len(match[1]) if lexicon.get((match[1],)) else 0
    if len(word) < 2 * _SHORTEST_PART - 1 or word in english() or word in everyday():
        return 0
    for length in range(len(word) - _SHORTEST_PART + 1, _SHORTEST_PART - 1, -1):
        first, last = lexicon.get((word[:length],)), _stem(word[length:], lexicon)
        if last and _is_compound(first, last, word[length:]):
            return length
        if last and last.attribute == "sole" and word[:length] in tables().sole:
            return length  # "Kreppsohle"
    return 0


def _is_compound(first: Meaning | None, last: Meaning, tail: str) -> bool:
    """Whether the second of two words, ``tail``, says what the whole is."""
    letters = len(tail)
    if first is None:  # "Winterstiefel", "kirschrot": whatever "winter" is, they are boots
        category = last.attribute == "category" and letters >= _SHORTEST_HEAD
        return category or (last.attribute == "colour" and tail.startswith(_COLOUR_HEADS))
    if first.kind is Kind.TONE:  # "hellgrau"
        return last.kind is Kind.VALUE and last.attribute == "colour"
    if first.kind not in _COMPOUNDED or letters < _SHORTEST_PART:
        return False
    # "Herrenschuhe", "Gummisohle", "cremefarben"
    return last.kind in _COMPOUNDED or last.kind is Kind.ATTRIBUTE


def _stem(word: str, lexicon: Lexicon) -> Meaning | None:
    """What a word means, with or without an ending."""
    forms = (word, *endings(word)) if len(word) > _SHORTEST_PART else (word,)
    return next((found for form in forms if (found := lexicon.get((form,)))), None)


def _without(word: str, lexicon: Lexicon) -> int:
    """Letters of what "leatherless" and "lederfrei" are without; 0 for other words."""
    for ending in _WITHOUT:
        stem = word.removesuffix(ending)
        if stem != word and (meaning := lexicon.get((stem,))) and meaning.kind is Kind.VALUE:
            return len(stem)
    return 0


def _latin(tokens: list[Token], at: int, lexicon: Lexicon, items: list[Item]) -> int:
    run: list[Token] = []
    places: list[int] = []
    place = at
    while place < len(tokens) and len(run) < lexicon.reach:
        token = tokens[place]
        if token.is_word and not "가" <= token.text[0] <= "힣":
            run.append(token)
            places.append(place)
        elif token.text == "&":  # "Halden & Moor"
            run.append(replace(token, text="and"))
            places.append(place)
        elif not (token.text in {"-", ".", "'", "’"} and _joins(tokens, place)):
            break
        place += 1
    found = lexicon.longest_from([token.text for token in run])
    length, meaning = found or (1, Meaning(Kind.UNKNOWN))
    text = " ".join(token.text for token in run[:length])
    items.append(_item(meaning, text, run[0].start, run[length - 1].end))
    return places[length - 1] + 1


def _joins(tokens: list[Token], place: int) -> bool:
    """Whether a sign stands within a phrase: "hi-top", "dr. martens"."""
    sign, before = tokens[place], tokens[place - 1]
    if place + 1 == len(tokens) or before.end != sign.start:
        return False
    return sign.end == tokens[place + 1].start or before.text in {"dr", "st"}


def _item(meaning: Meaning, text: str, start: int, end: int) -> Item:
    return Item(
        meaning.kind,
        text,
        start,
        end,
        meaning.attribute,
        meaning.value,
        meaning.shy,
        otherwise=meaning.otherwise,
    )


def _korean(folded: str, tokens: list[Token], at: int, lexicon: Lexicon, items: list[Item]) -> int:
    """One word written together is cut into the fewest known pieces; particles are some of them.

    A phrase of several words comes first, and a name with its number ("조던1").
    """
    token = tokens[at]
    for length in range(_LONGEST_KOREAN, 1, -1):
        phrase = folded[token.start : token.start + length]
        end = token.start + length
        beyond = " " in phrase or end > token.end
        if phrase[-1].isdigit() and folded[end : end + 1].isdigit():
            continue  # "조던 12" is no Jordan 1
        if beyond and phrase == phrase.strip() and (meaning := lexicon.korean(phrase)):
            items.append(_item(meaning, phrase, token.start, end))
            return _korean_rest(tokens, at, end, lexicon, items)
    items += _pieces(token, lexicon)
    return at + 1


def _korean_rest(
    tokens: list[Token], at: int, end: int, lexicon: Lexicon, items: list[Item]
) -> int:
    """Go on behind a phrase, which may end within a word: what follows there are particles."""
    while at < len(tokens) and tokens[at].end <= end:
        at += 1
    if at < len(tokens) and tokens[at].start < end:
        cut = tokens[at]
        items += _pieces(Token(cut.text[end - cut.start :], end, cut.end), lexicon)
        at += 1
    return at


def _pieces(token: Token, lexicon: Lexicon) -> list[Item]:
    text = token.text
    if text == "이":  # a word of its own, and no particle: "이 브랜드"
        return [Item(Kind.HERE, text, token.start, token.end)]
    # best[i]: what reading the first i letters costs, and where the last piece began.
    best: list[tuple[int, int, Meaning | None]] = [(0, 0, None)]
    for end in range(1, len(text) + 1):
        options: list[tuple[int, int, Meaning | None]] = [(best[end - 1][0] + 10, end - 1, None)]
        for start in range(max(0, end - _LONGEST_KOREAN), end):
            if meaning := lexicon.korean(text[start:end]):
                options.append((best[start][0] + 1, start, meaning))
        best.append(min(options, key=lambda option: option[0]))
    cut: list[Item] = []
    end = len(text)
    while end:
        _, start, meaning = best[end]
        piece = _item(
            meaning or Meaning(Kind.UNKNOWN),
            text[start:end],
            token.start + start,
            token.start + end,
        )
        if cut and piece.kind is cut[0].kind is Kind.UNKNOWN:
            cut[0] = replace(cut[0], text=piece.text + cut[0].text, start=piece.start)
        else:
            cut.insert(0, piece)
        end = start
    strange = sum(len(item.text) for item in cut if item.kind is Kind.UNKNOWN)
    said = any(item.kind in {Kind.VALUE, Kind.ATTRIBUTE} for item in cut)
    opening = len(cut) > 1 and cut[1].kind is Kind.UNKNOWN and len(cut[0].text) == 1
    if strange and (not said or opening):  # "면접용" is no cotton
        # Particles are found in any word by chance.
        return [Item(Kind.UNKNOWN, text, token.start, token.end)]
    return cut
