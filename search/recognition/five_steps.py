"""Naming by words alone: the prompt ensemble in five steps.

Source: the method of "Find Your Shoes with CLIP". 1. each attribute (brand, colour, height) by its
own prompts, the best value of each; 2. the models whose attributes agree; 3. those, scored by
prompts that name model and attributes together; 4. all models, scored by their names; 5. the higher
of the two best scores wins. Where step 2 leaves none, step 4 stands alone. It never looks at the
truth: its published accuracy retried with step 4 wherever step 3 was wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from search.exceptions import RecognitionError
from search.recognition.base import NEVER, Arrays, Floats, Mask, Report, Untuned, absent, silent
from search.recognition.gallery import Facts, Gallery
from search.recognition.prompts import HEIGHT_WORDS, HEIGHTS, filled, name_vectors, prompts
from search.texts import COLOUR_SLUGS, TextSpace
from search.types import Vectors


@dataclass(frozen=True, slots=True)
class Steps:
    """Class vectors of every step. A model without a known value agrees with every value."""

    brands: Vectors
    colours: Vectors
    heights: Vectors
    agree_brand: npt.NDArray[np.bool_]
    """(c, brands)"""
    agree_colour: npt.NDArray[np.bool_]
    agree_height: npt.NDArray[np.bool_]
    together: Vectors
    """(pairs, dim): model and attributes; one for each colour of each model."""
    pair_model: npt.NDArray[np.intp]
    pair_colour: npt.NDArray[np.intp]
    """(pairs,): its place in the colours, -1 where none is known."""
    names: Vectors
    bias: Floats

    def scores(self, queries: Vectors, *, leaving_out: Mask | None = None) -> Floats:
        kept = self.agreeing(queries)
        named = np.asarray(queries @ self.names.T, np.float64)
        colour = (queries @ self.colours.T).argmax(axis=1)
        pairs = np.asarray(queries @ self.together.T, np.float64)
        fits = (self.pair_colour[None, :] == colour[:, None]) | (self.pair_colour < 0)[None, :]
        pairs = np.where(fits, pairs, NEVER)
        joint = np.full_like(named, NEVER)
        np.maximum.at(joint.T, self.pair_model, pairs.T)
        return np.where(kept, np.maximum(named, joint), named) + self.bias

    def agreeing(self, queries: Vectors) -> npt.NDArray[np.bool_]:
        """Step 2: models whose attributes agree with the best value of each, shape (n, c)."""
        kept = np.ones((len(queries), len(self.names)), np.bool_)
        for classes, agree in (
            (self.brands, self.agree_brand),
            (self.colours, self.agree_colour),
            (self.heights, self.agree_height),
        ):
            if len(classes):
                kept &= agree[:, (queries @ classes.T).argmax(axis=1)].T
        return kept

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True)
class FiveSteps(Untuned):
    """The prompt ensemble; learns nothing from photos."""

    name: str = "prompts"
    title: str = "Words alone, in five steps"
    leaves_out: bool = True
    light: bool = True

    def fit(self, gallery: Gallery, space: TextSpace | None, *, report: Report = silent) -> Steps:
        if space is None:
            raise RecognitionError("The method prompts needs an encoder that reads words.")
        said, models = prompts(), gallery.models
        brands = sorted({model.brand for model in models if model.brand})
        colours = [slug.replace("-", " ") for slug in COLOUR_SLUGS]
        report("Encoding prompts", 0, 3)
        brand_vectors = space.means([filled(said.brand, brand=brand) for brand in brands])
        colour_vectors = space.means([filled(said.colour, colour=colour) for colour in colours])
        height_vectors = space.means([said.height[height] for height in HEIGHTS])
        report("Encoding prompts", 1, 3)
        pairs = [(i, slug) for i, model in enumerate(models) for slug in model.colours or ("",)]
        together = space.means([_together(models[i], slug) for i, slug in pairs])
        report("Encoding prompts", 2, 3)
        return Steps(
            brands=brand_vectors,
            colours=colour_vectors,
            heights=height_vectors,
            agree_brand=_agree([(m.brand,) if m.brand else () for m in models], brands),
            agree_colour=_agree([m.colours for m in models], COLOUR_SLUGS),
            agree_height=_agree([(m.height,) if m.height else () for m in models], HEIGHTS),
            together=together,
            pair_model=np.array([i for i, _ in pairs], np.intp),
            pair_colour=np.array([_place(slug) for _, slug in pairs], np.intp),
            names=name_vectors(models, space),
            bias=absent(gallery.counts),
        )

    def restore(self, arrays: Arrays) -> Steps:
        parts: dict[str, Any] = {name: np.asarray(arrays[name]) for name in Steps.__slots__}
        return Steps(**parts)


def _together(model: Facts, slug: str) -> tuple[str, ...]:
    return filled(
        prompts().together,
        name=model.name,
        brand=model.brand,
        colour=slug.replace("-", " "),
        height=HEIGHT_WORDS.get(model.height, ""),
    )


def _place(slug: str) -> int:
    return COLOUR_SLUGS.index(slug) if slug in COLOUR_SLUGS else -1


def _agree(known: Sequence[Sequence[str]], values: Sequence[str]) -> npt.NDArray[np.bool_]:
    """(c, values): whether a model's known values hold the value, or nothing is known of it."""
    return np.array(
        [[not (set(own) & set(values)) or value in own for value in values] for own in known],
        np.bool_,
    ).reshape(len(known), len(values))
