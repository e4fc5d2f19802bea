"""How far listing titles become models by themselves, and how often that is right.

The catalog knows every second model; titles of the other half must not be taken for one of it. A
shop's plain titles are turned into what people type: sizes, condition, colours and audience in six
languages, words in another order, and in every seventh a typing error.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from django.conf import settings

from catalog.colours import colours_parse
from catalog.titles import ParsedTitle, TitleCatalog, title_parse, title_resolve
from search.evaluation.datasets import ShoePhoto
from search.evaluation.metrics import Bootstrap
from search.evaluation.protocol import Measured, Request, Row

FORMS: Final = (
    "{brand} {model} - Men's",
    "NEW {brand} {model} Trainers Mens UK {uk} {colours}",
    "{brand} {model} {colours} size {uk} BNIB",
    "{model} {brand} shoes {number} boxed",
    "{brand} {model} Herren Schuhe Gr. {eu} NEU {colours}",
    "Chaussures {brand} {model} Homme {colours} taille {eu} neuf",
    "Zapatillas {brand} {model} hombre talla {eu} {colours}",
    "Scarpe {brand} {model} uomo numero {eu} nuove",
    "{brand} {model} {number} VNDS rare {colours}",
)
TYPING_ERRORS: Final = 1 / 7


@dataclass(frozen=True, slots=True)
class TypedTitle:
    """A title and what it is about."""

    text: str
    key: tuple[str, str]
    """Brand and model, lower case."""
    colours: tuple[str, ...]
    """Slugs that the title tells."""
    audience: str


class TitlesTask:
    """``exact`` compares the words that are left with the catalog's names; ``words`` is the reader
    of crawls with the threshold of the settings."""

    name = "titles"
    summary = "models from listing titles: how many by themselves, and how many of those rightly"
    methods: tuple[str, ...] = ("exact", "words")
    baselines: tuple[str, ...] = ("exact",)

    def run(self, request: Request, methods: Sequence[str]) -> Measured:
        everything = request.source.read("footlocker")
        photos = request.sample(request.judged(everything))
        keys = sorted({(photo.brand, photo.model) for photo in everything})
        known = {key: number for number, key in enumerate(keys, start=1) if _is_known(key)}
        catalog = TitleCatalog(
            brands=[(brand, []) for brand in sorted({brand for brand, _ in keys})],
            models=[(number, brand, model, []) for (brand, model), number in known.items()],
        )
        draw = random.Random(request.seed)  # noqa: S311 - the same titles each time
        titles = [_typed(photo, draw) for photo in photos]
        rows = {method: _measure(method, titles, known, catalog, request) for method in methods}
        answered = sum(title.key in known for title in titles)
        setting = (
            f"{len(titles)} titles made from footlocker's, {answered} of "
            f"models among the {len(known)} that the catalog knows; confidence from "
            f"{settings.SHOEFINDER_TITLE_CONFIDENCE}"
        )
        return Measured(
            task=self.name, encoder="(titles are read without one)", rows=rows, setting=setting
        )


def _measure(
    method: str,
    titles: Sequence[TypedTitle],
    known: dict[tuple[str, str], int],
    catalog: TitleCatalog,
    request: Request,
) -> Row:
    parsed = [title_parse(title.text, brands=catalog.brands) for title in titles]
    chosen = np.array([_chosen(method, one, known, catalog) for one in parsed])
    truth = np.array([known.get(title.key, 0) for title in titles])
    bootstrap = Bootstrap(len(titles), seed=request.seed)
    taken, right = chosen > 0, (chosen > 0) & (chosen == truth)

    def precision(places: np.ndarray) -> float:
        return float(right[places].sum() / max(1, taken[places].sum()))

    def resolved(places: np.ndarray) -> float:
        return float(right[places].sum() / max(1, (truth[places] > 0).sum()))

    said = [(one, title) for one, title in zip(parsed, titles, strict=True)]
    return {
        "precision": bootstrap.of(precision),
        "recall": bootstrap.of(resolved),
        "brand": bootstrap.mean(np.array([one.brand == title.key[0] for one, title in said])),
        "colour": bootstrap.mean(np.array([one.colours == title.colours for one, title in said])),
        "gender": bootstrap.mean(np.array([one.gender == title.audience for one, title in said])),
    }


def _chosen(
    method: str, parsed: ParsedTitle, known: dict[tuple[str, str], int], catalog: TitleCatalog
) -> int:
    if method == "exact":
        return known.get((parsed.brand, parsed.model.lower()), 0)
    resolution = title_resolve(parsed, catalog)
    sure = resolution.confidence >= settings.SHOEFINDER_TITLE_CONFIDENCE
    return resolution.candidates[0].model_id if sure else 0


def _is_known(key: tuple[str, str]) -> bool:
    return hashlib.sha256(" ".join(key).encode()).digest()[0] % 2 == 0


def _typed(photo: ShoePhoto, draw: random.Random) -> TypedTitle:
    form = draw.choice(FORMS)
    words = photo.model.split()
    place = draw.randrange(len(words))
    if draw.random() < TYPING_ERRORS and len(words[place]) > 4 and words[place].isalpha():
        cut = draw.randrange(1, len(words[place]) - 1)
        words[place] = words[place][:cut] + words[place][cut + 1 :]
    colours = " ".join(name.replace("-", " ") for name in photo.colours)
    text = form.format(
        brand=photo.brand,
        model=" ".join(words),
        colours=colours,
        number=f"{draw.randrange(10**7, 10**8)}",
        uk=draw.choice(("8", "9.5", "10")),
        eu=draw.choice(("42", "43,5", "44 2/3")),
    )
    told = tuple(slug for name in photo.colours for slug in colours_parse(name.replace("-", " ")))
    lower = text.lower()
    is_told = any(w in lower for w in ("men's", "mens", "herren", "homme", "hombre", "uomo"))
    return TypedTitle(
        text=text,
        key=(photo.brand, photo.model),
        colours=told if "{colours}" in form else (),
        audience="men" if is_told else "",
    )
