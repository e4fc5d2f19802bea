"""What the words of an encoder say of a photo: brand, colour, height, category, gender; zero-shot.

Each value is described by several sentences, and the photo is given the value whose mean vector is
nearest. Beside it the majority: always the commonest value, which is what knowing nothing reaches.
Of the main colour, search knows more than words: it also counts the shoe's pixels, as
``colour-seen`` tells (``search.evidence``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from search.edits import colour_prompts
from search.evaluation.datasets import DatasetError, ShoePhoto
from search.evaluation.findings import Finding, confusion_of
from search.evaluation.looking import Floats, look
from search.evaluation.metrics import Bootstrap
from search.evaluation.protocol import Measured, Request, Row
from search.evaluation.sources import Source, preferred
from search.evaluation.tasks.edit import main_colour
from search.evidence import weights
from search.fusion.mixture import recipe
from search.language import language_of
from search.texts import COLOUR_SLUGS, text_space
from search.types import Vectors

MAJORITY: Final = "-majority"
SEEN: Final = "colour-seen"
"""Words and counted pixels together, as the engine mixes them; asked along with ``colour``."""

HEIGHTS: Final[Mapping[str, tuple[str, ...]]] = {
    "high": ("a high-top shoe", "high-top sneakers", "a shoe with a collar above the ankle"),
    "mid": ("a mid-top shoe", "mid-top sneakers", "a shoe with a collar at the ankle"),
    "low": ("a low-top shoe", "low-top sneakers", "a shoe with a collar below the ankle"),
}
GENDERS: Final[Mapping[str, str]] = {
    "men": "men's", "women": "women's", "boys": "boys'", "girls": "girls'",
    "kids": "kids'", "unisex": "unisex",
}  # fmt: skip


def _brand_prompts(name: str) -> tuple[str, ...]:
    return (f"a {name} shoe", f"a photo of {name} sneakers", f"shoes by {name}", name)


def _category_prompts(name: str) -> tuple[str, ...]:
    return (name, f"a photo of {name}", f"a pair of {name}")


def _gender_prompts(name: str) -> tuple[str, ...]:
    whose = GENDERS[name]
    return (f"{whose} shoes", f"a photo of {whose} shoes", f"a shoe for {name}")


@dataclass(frozen=True, slots=True)
class Attribute:
    """What is asked, of which photos, and how its values are put into words."""

    value: Callable[[ShoePhoto], str]
    prompts: Callable[[str], tuple[str, ...]]
    datasets: tuple[str, ...]
    """The first of these that a folder holds is judged; else every labelled photo in it."""


ATTRIBUTES: Final[Mapping[str, Attribute]] = {
    "colour": Attribute(main_colour, colour_prompts, ("footlocker", "myntra")),
    "brand": Attribute(
        lambda photo: photo.brand, _brand_prompts, ("sneakers50", "footlocker", "myntra")
    ),
    "height": Attribute(
        lambda photo: photo.height, HEIGHTS.__getitem__, ("sneakers50", "footlocker")
    ),
    "category": Attribute(lambda photo: photo.category, _category_prompts, ("myntra",)),
    "gender": Attribute(lambda photo: photo.gender, _gender_prompts, ("myntra", "footlocker")),
}


class AttributesTask:
    """Every attribute is a method of its own, with its majority beside."""

    name = "attributes"
    summary = "brand, colour, height, category and gender by words alone, beside the majority"
    baselines: tuple[str, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(ATTRIBUTES)

    def run(self, request: Request, methods: Sequence[str]) -> Measured:
        rows: dict[str, Row] = {}
        said = []
        findings: list[Finding] = []
        for name, photos, others in labelled(request, methods, _photos):
            values = sorted({ATTRIBUTES[name].value(photo) for photo in (*photos, *others)})
            measured, finding = _measure(request, name, photos, others, values)
            rows |= measured
            findings.append(finding)
            said.append(f"{name} of {len(values)} on {len(photos)} {photos[0].dataset} photos")
        return Measured(
            task=self.name, encoder=str(request.encoder.id), rows=rows,
            setting="; ".join(said), findings=findings,
        )  # fmt: skip


Sides = tuple[list[ShoePhoto], list[ShoePhoto]]
"""Photos to judge, and others that state the attribute too."""


def labelled(
    request: Request, methods: Sequence[str], sides: Callable[[Request, Attribute], Sides]
) -> Iterator[tuple[str, list[ShoePhoto], list[ShoePhoto]]]:
    """Each of the attributes ``methods`` that the data state, with what ``sides`` gives for it.

    Raises:
        DatasetError: the only one that was asked for is not stated, or none of several.
    """
    count = 0
    for name in methods:
        try:
            photos, others = sides(request, ATTRIBUTES[name])
        except DatasetError:
            if len(methods) == 1:
                raise
            continue  # this folder does not say it; the others are still measured
        count += 1
        yield name, photos, others
    if not count:
        judged = request.sides[1] if request.sides else request.source
        raise DatasetError(f"No photo in {judged} is labelled with an attribute.")


def stated(source: Source, attribute: Attribute) -> list[ShoePhoto]:
    """The photos that say it, of the first data set that does. ``DatasetError`` without any."""
    return preferred(source, attribute.datasets, attribute.value, "is labelled with this attribute")


def colours_believed(request: Request, photos: Sequence[ShoePhoto], vectors: Vectors) -> Floats:
    """(n, `COLOUR_SLUGS`) log-probability of each main colour, by words and counted pixels, as
    search believes them."""
    looked = look(photos, partial(request.report, "Counting colours"))
    language = language_of(text_space(request.encoder))
    return looked.evidence(vectors, language, weights(), recipe()).colours


def _measure(
    request: Request,
    name: str,
    photos: Sequence[ShoePhoto],
    others: Sequence[ShoePhoto],
    values: Sequence[str],
) -> tuple[dict[str, Row], Finding]:
    attribute = ATTRIBUTES[name]
    vectors = request.embed(photos, f"photos for {name}")
    space = text_space(request.encoder)
    classes = np.stack([space.mean(attribute.prompts(value)) for value in values])
    place = {value: i for i, value in enumerate(values)}
    truth = np.array([place[attribute.value(photo)] for photo in photos], np.intp)
    common = Counter(attribute.value(photo) for photo in others or photos)
    usual = np.array(sorted(range(len(values)), key=lambda i: -common[values[i]]), np.intp)
    rankings = {
        name: np.argsort(-(vectors @ classes.T), axis=1, kind="stable"),
        name + MAJORITY: np.tile(usual, (len(photos), 1)),
    }
    if name == "colour" and set(values) <= set(COLOUR_SLUGS):
        believed = colours_believed(request, photos, vectors)
        columns = [COLOUR_SLUGS.index(value) for value in values]
        rankings[SEEN] = np.argsort(-believed[:, columns], axis=1, kind="stable")
    bootstrap = Bootstrap(len(photos), seed=request.seed)
    rows: dict[str, Row] = {}
    for method, ranking in rankings.items():
        right = ranking[:, :5] == truth[:, None]
        precision, recall = bootstrap.macro(truth, ranking[:, 0])
        rows[method] = {
            "top1": bootstrap.mean(right[:, 0]),
            "top5": bootstrap.mean(right.any(axis=1)),
            "macro_precision": precision,
            "macro_recall": recall,
        }
    confusion = confusion_of(
        f"{name.capitalize()}: taken for what",
        [values[i] for i in truth],
        [values[i] for i in rankings[name][:, 0]],
    )
    return rows, confusion


def _photos(request: Request, attribute: Attribute) -> Sides:
    """Photos to judge, and the others, from which the majority is known."""
    if request.sides:
        gallery, queries = request.sides
        return request.sample(stated(queries, attribute)), stated(gallery, attribute)
    photos = stated(request.source, attribute)
    judged = request.judged(photos)
    chosen = {photo.path for photo in judged}
    return request.sample(judged), [photo for photo in photos if photo.path not in chosen]
