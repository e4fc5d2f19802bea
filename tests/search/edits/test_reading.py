"""Sentences as people write them, and as nobody does."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.colours import COLOURS
from search.edits import ATTRIBUTES, Edit, Lexicon, built_in, edit_parse
from search.edits.lexicon import Kind, Meaning
from search.edits.prices import price_bounds


def chips(words: str) -> set[str]:
    return {" ".join(filter(None, (t.mode, t.attribute, t.value))) for t in edit_parse(words).terms}


@pytest.mark.parametrize(
    ("words", "free"),
    [
        ("red but darker", "darker"),
        ("with a darker sole", "with a darker sole"),
        ("not darker", "not darker"),
        ("cheaper, under 80", "cheaper"),
        ("red, with a thick fluffy collar", "with a thick fluffy collar"),
        ("black with red accents", "with red accents"),
        ("with red laces", "with red laces"),
        ("no logo, plain", "no logo"),
        ("Vans in size 42, black", "in size 42"),
        ("I want the same shoe please", ""),
        ("the same in red", ""),
    ],
)
def test_what_is_not_understood_stays_as_free_text(words: str, free: str) -> None:
    assert edit_parse(words).free_text == free


@pytest.mark.parametrize(
    "words",
    ["looks nice", "I like it while it lasts", "a back pack", "pick one", "think pinkerton"],
)
def test_english_words_are_not_taken_for_misspellings(words: str) -> None:
    assert chips(words) == set()


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("brand is Guess", {"change brand Guess"}),
        ("I guess red", {"change colour red"}),
        ("Vans Era", {"change brand Vans", "change model Era"}),
        ("the best of its era", set()),
        ("für Kinder", {"change gender kids"}),
        ("fur kids", {"change gender kids"}),
        ("faux fur", {"change material fur"}),
        ("nb574", {"change brand New Balance", "change model 574"}),
        ("Air Max 90", {"change model Air Max 90"}),
        ("size 42-44", set()),
    ],
)
def test_words_with_two_meanings(words: str, read: set[str]) -> None:
    assert chips(words) == read


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("same brand red", {"keep brand", "change colour red"}),
        ("the same black leather", {"keep colour black", "keep material leather"}),
        ("I like the colour, the brand not so much", {"keep colour", "change brand"}),
        ("doesn't have to be Nike, but red", {"change colour red"}),
        ("나이키 아니어도 되고 빨간색", {"change colour red"}),
        ("any like these but purple", {"change colour purple"}),
        ("any colour but purple", {"avoid colour purple"}),
        ("no laces black", {"avoid closure laces", "change colour black"}),
        ("zu hoch", {"avoid height high"}),
        ("von schwarz zu rot", {"avoid colour black", "change colour red"}),
        ("이 브랜드 다른 모델", {"keep brand", "change model"}),
        ("검정을 흰색으로 바꿔줘", {"avoid colour black", "change colour white"}),
        ("검은색보다 남색", {"avoid colour black", "change colour navy"}),
        ("not leather under 50", {"avoid material leather", "change price <50"}),
        ("the sole not white but black", {"avoid sole white", "change sole black"}),
        ("camo print", {"change pattern camo"}),
    ],
)
def test_what_an_operator_holds_for(words: str, read: set[str]) -> None:
    assert chips(words) == read


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("leather gets too hot, mesh", {"avoid material leather", "change material mesh"}),
        ("velcro is for babies", {"avoid closure velcro"}),
        ("velcro is for my son", {"change closure velcro", "change gender kids"}),
        ("pink doesn't suit me", {"avoid colour pink"}),
        ("leather isn't necessary", {"change material leather"}),
        ("white that doesn't get dirty", {"change colour white"}),
        ("the brown ones are too small", {"change colour brown"}),
        ("this material is too stiff", {"change material"}),
        ("Weiß gefällt mir nicht", {"avoid colour white"}),
        ("el blanco se ensucia mucho", {"avoid colour white"}),
        ("가죽은 더워서 메쉬로", {"avoid material leather", "change material mesh"}),
        ("in a calmer colour", {"change colour"}),
        ("un color más alegre", {"change colour"}),
    ],
)
def test_what_is_found_of_a_value(words: str, read: set[str]) -> None:
    assert chips(words) == read


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("black, no wait, navy", {"change colour navy"}),
        ("red - no, blue", {"change colour blue"}),
        ("black suede, sorry I mean navy", {"change material suede", "change colour navy"}),
        ("검정 아니 남색", {"change colour navy"}),
        ("these, actually no laces", {"avoid closure laces"}),
        ("no, I want red", {"change colour red"}),
        ("velcro - no. laces - yes", {"avoid closure velcro", "change closure laces"}),
    ],
)
def test_slips_are_taken_back(words: str, read: set[str]) -> None:
    assert chips(words) == read


@pytest.mark.parametrize(
    "words",
    [
        "don't you have these in red?", "isn't there a red version", "why not red", "no red ones?",
        "I can't find these in red", "habt ihr die nicht auch in rot?", "¿no lo tienen en rojo?",
    ],
)  # fmt: skip
def test_questions_deny_nothing(words: str) -> None:
    assert chips(words) == {"change colour red"}


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("I have the black leather ones, want brown", {"change colour brown"}),
        ("my brother has them in red, I want blue", {"change colour blue"}),
        ("I bought a navy suit and need brown shoes", {"change colour brown"}),
        ("to go with jeans, so tan", {"change colour tan"}),
        ("I saw these on a lady, in beige", {"change colour beige"}),
        ("make the logo gold", set()),
        ("the laces should be white", set()),
        ("the sole, make it black", {"change sole black"}),
        ("black but the sole stays white", {"change colour black", "keep sole white"}),
        ("white with gum", {"change colour white", "change sole gum"}),
        ("without the pattern", {"change pattern plain"}),
        ("the model in red", {"keep model", "change colour red"}),
        ("Champion or Nike", {"change brand Champion", "change brand Nike"}),
        ("no laces and should have a zip", {"avoid closure laces", "change closure zip"}),
        ("less formal more sporty", {"avoid category formal", "change category sport"}),
    ],
)
def test_whose_a_value_is(words: str, read: set[str]) -> None:
    assert chips(words) == read


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("dk green", {"change colour dark-green"}),
        ("blk n wht", {"change colour black", "change colour white"}),
        ("purpul", {"change colour purple"}),
        ("bkack", {"change colour black"}),
        ("weinrote", {"change colour maroon"}),
        ("bluish grey", {"change colour grey"}),
        ("빨간색 어울려요", {"change colour red"}),
    ],
)
def test_short_and_wrong_spellings(words: str, read: set[str]) -> None:
    assert chips(words) == read


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("hellgrau", {"change colour grey"}),
        ("kirschrot", {"change colour red"}),
        ("Winterstiefel", {"change category boot"}),
        ("Kreppsohle", {"change sole crepe"}),
        ("mit dickerer Sohle", {"change sole thick"}),
        ("조던4", {"change model Air Jordan 4"}),
        ("조던 12", {"change brand Jordan"}),
        ("Air Max 97s", {"change model Air Max 97"}),
        ("talla 38", set()),
        ("demasiado caros", set()),
        ("mules", set()),
        ("Asics oder Brooks", {"change brand Asics", "change brand Brooks"}),
    ],
)
def test_words_that_are_made_of_others_or_look_like_others(words: str, read: set[str]) -> None:
    assert chips(words) == read


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("sub 80", "<80"),
        ("less then 80", "<80"),
        ("que no pasen de 80", "<80"),
        ("5만원 넘고 10만원 이하", "50000-100000"),
        ("너무 비싸요 5만원 이하로", "<50000"),
        ("under 80", "<80"),
        ("not over 80", "<80"),
        ("I don't want to pay more than 80", "<80"),
        ("over 50 and under 80", "50-80"),
        ("under 80, over 50", "50-80"),
        ("49.90 or less", "<49.9"),
        ("1,200 won or less", "<1200"),
        ("3-5만원", "30000-50000"),
        ("around 100 dollars", "90-110"),
        ("50ish", "45-55"),
        ("40/60 euros", "40-60"),
        ("10만원대", "100000-200000"),
        ("5만원대 이하", "<50000"),
        ("$50-$80", "50-80"),
        ("not under 50", ">50"),
    ],
)
def test_prices(words: str, value: str) -> None:
    assert chips(words) == {f"change price {value}"}
    price_bounds(value)


@pytest.mark.parametrize("value", ["80", "<", "80-50", "<-3", "a-b", "50-80-90", "<1e9"])
def test_other_texts_are_no_prices(value: str) -> None:
    with pytest.raises(ValueError, match="price"):
        price_bounds(value)


def test_or_is_not_and() -> None:
    assert edit_parse("red or blue").alternatives
    assert edit_parse("red/gray/brown").alternatives
    assert edit_parse("red, blue").alternatives
    assert not edit_parse("black and white").alternatives
    assert not edit_parse("black, white and red").alternatives
    assert not edit_parse("red").alternatives


def test_preferably_weighs_less() -> None:
    weights = {term.value: term.weight for term in edit_parse("leather, preferably red").terms}
    assert weights == {"leather": 1.0, "red": 0.5}


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("over the knee boots", {"change height high", "change category boot"}),
        ("over the laces, velcro", {"avoid closure laces", "change closure velcro"}),
        ("hoch geschnitten", {"change height high"}),
        ("niedrig geschnitten", {"change height low"}),
        ("halbhoch geschnitten", {"change height mid"}),
        ("hochgeschnittene Schuhe", {"change height high"}),
        ("high red heels", {"change colour red", "change category heel"}),
        ("tacones rojos altos", {"change colour red", "change category heel"}),
        ("high top red heels", {"change height high", "change colour red", "change category heel"}),
        ("black instead of white sole", {"change sole black", "avoid sole white"}),
        ("red instead of a white sole", {"change sole red", "avoid sole white"}),
        ("schwarze statt weiße Sohle", {"change sole black", "avoid sole white"}),
        ("wool slippers", {"change material wool"}),
        ("슬리퍼", {"change category flip-flop"}),
    ],
)
def test_what_words_next_to_each_other_mean(words: str, read: set[str]) -> None:
    assert chips(words) == read


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("any brand but Nike", {"avoid brand Nike"}),
        ("any shoe but red", {"avoid colour red"}),
        ("any comfy pair but red", {"avoid colour red"}),
        ("any brand but red", {"change colour red"}),
        ("any size but red", {"change colour red"}),
        ("any colour but Nike", {"change brand Nike"}),
        ("any colour but same brand", {"keep brand"}),
        ("any brand but the same brand", {"change brand"}),
        ("keep everything but the brand", {"change brand"}),
        ("anything but the same brand", {"change brand"}),
        ("change everything but keep the brand", {"keep brand"}),
        ("change everything but the brand", {"keep brand"}),
        ("change everything except the colour and the brand", {"keep colour", "keep brand"}),
        ("everything different except the brand", {"keep brand"}),
        ("alles ändern außer der Marke", {"keep brand"}),
        ("cambia todo menos la marca", {"keep brand"}),
    ],
)
def test_all_but_one(words: str, read: set[str]) -> None:
    assert chips(words) == read


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("빨간색으로 바꿔줘 브랜드는 그대로", {"change colour red", "keep brand"}),
        ("검은색으로 바꿔줘 모델은 그대로", {"change colour black", "keep model"}),
        ("나이키로 바꾸고 색상은 다르게", {"change brand Nike", "change colour"}),
        ("바꿔줘 브랜드", {"change brand"}),
        ("änder die Farbe, Marke bleibt", {"change colour", "keep brand"}),
        ("same colour or black", {"keep colour", "change colour black"}),
        ("the same black or grey", {"keep colour black", "keep colour grey"}),
        ("otra marca que no sea Nike", {"avoid brand Nike"}),
        ("another brand that is not Nike", {"avoid brand Nike"}),
        ("another brand, that is not Nike", {"avoid brand Nike"}),
        ("otra marca, que no sea Nike", {"avoid brand Nike"}),
        ("eine andere Marke, die nicht Nike ist", {"avoid brand Nike"}),
        ("another brand, not Nike", {"change brand", "avoid brand Nike"}),
        ("not this brand", {"change brand"}),
        ("me gusta el color pero no la marca", {"keep colour", "change brand"}),
    ],
)
def test_whether_it_is_kept_or_changed(words: str, read: set[str]) -> None:
    assert chips(words) == read


@pytest.mark.parametrize("name", ["Halden & Moor", "Halden and Moor", "Halden&Moor"])
def test_and_is_the_same_as_its_sign_in_names(name: str) -> None:
    lexicon = Lexicon(below=built_in())
    lexicon.add(name, Meaning(Kind.VALUE, "brand", name))
    for words in ("Halden and Moor", "red, halden & moor", "HALDEN&MOOR in red"):
        assert edit_parse(words, lexicon=lexicon).values("change", "brand") == (name,)
    assert chips("black & white") == chips("black and white")


CLAUSES = ("same brand", "not leather", "in red", "for kids", "high", "under 80", "no laces")


@pytest.mark.parametrize("joint", [", ", " and ", " but ", "; ", ". "])
def test_the_order_of_clauses_does_not_matter(joint: str) -> None:
    for clauses in permutations(CLAUSES, 3):
        assert chips(joint.join(clauses)) == {chip for c in clauses for chip in chips(c)}, clauses


# fmt: off
WORDS = [
    "same", "different", "another", "not", "no", "without", "instead", "of", "but",
    "brand", "colour", "sole", "red", "white", "leather", "Nike", "Adidas", "laces",
    "velcro", "high", "under 80", "50-80", "for", "kids", "the", "is", "are", "or",
    "and", "/", ",", ";", ".", ":", "keep", "change", "to", "from", "swap",
    "except", "any", "같은", "다른", "말고", "빨간색", "브랜드", "gleiche", "ohne", "rot",
    "sin", "rojo", "thing", "darker",
]
# fmt: on


def sane(words: str, edit: Edit) -> None:
    assert edit.words == words
    assert {term.attribute for term in edit.terms} <= set(ATTRIBUTES)
    assert {term.mode for term in edit.terms} <= {"keep", "change", "avoid"}
    assert set(edit.colours) <= {colour.slug for colour in COLOURS}
    assert len(set(edit.terms)) == len(edit.terms)
    assert bool(edit.targets) == bool(words)
    assert edit.sources(None)
    for term in edit.terms:
        assert term.value is not None or term.mode in {"keep", "change"}
        if term.attribute == "price" and term.value:
            price_bounds(term.value)


@given(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
def test_any_order_of_meaningful_words_is_read(words: str) -> None:
    sane(words, edit_parse(words))


@given(st.text(max_size=300))
def test_any_text_is_read(words: str) -> None:
    sane(words, edit_parse(words))
