"""The recognise task with queries that something happened to: what is lost by it.

Each distortion is a row; ``rotate-0`` is the photo as it is. The gallery is never distorted. Names
are those of one method: ``--method prototype`` (or another that recognise has) chooses it, and
``--method blur,rotate-90`` the distortions. Rows ``DISTORTION+crop`` cut the distorted photo to the
first crop that the site would propose (`search.recognition.regions`), rows ``DISTORTION+upright``
turn it as the site does where it seems to lie on its side (`search.recognition.looks`); both learn
what to do from the gallery. An encoder that turns photos by itself does so in every row.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from PIL import Image

from search.encoders.base import Encoder, patch_encoder, upright_encoder
from search.encoders.pixels import TURNS
from search.evaluation.datasets import ShoePhoto
from search.evaluation.distortions import DISTORTIONS, PLAIN, variant_of
from search.evaluation.embeddings import Variant, photo_open
from search.evaluation.metrics import Bootstrap, Estimate
from search.evaluation.naming import (
    METHODS,
    Labels,
    contest_of,
    figures,
    named_by,
    naming_method,
    usable,
)
from search.evaluation.protocol import EvaluationError, Measured, Request, Row
from search.evaluation.tasks.recognise import sides
from search.recognition import DEFAULT
from search.recognition.looks import MOST, Looks
from search.recognition.looks import VERSION as TURNING
from search.recognition.regions import VERSION as CROPS
from search.recognition.regions import Finder, crops_propose
from search.texts import text_space

FALLBACK = "knn"
"""Where the default cannot be asked about photos that it learns from."""


CROP: Final = "+crop"
CROPPED: Final = tuple(f"{name}{CROP}" for name in (PLAIN, "clutter", "scene"))
UPRIGHT: Final = "+upright"
STOOD: Final = tuple(f"{name}{UPRIGHT}" for name in (PLAIN, "rotate-90", "rotate-180"))
ROWS: Final = (*DISTORTIONS, *STOOD, *CROPPED)


class RobustTask:
    """One naming method under every distortion, beside the photo as it is."""

    name = "robust"
    summary = "the recognise task with queries turned, mirrored, blurred, shrunk, cropped, …"
    baselines = (PLAIN,)

    @property
    def methods(self) -> tuple[str, ...]:
        return (*ROWS, *METHODS)

    def run(self, request: Request, methods: Sequence[str]) -> Measured:
        chosen, method = _chosen(request, methods)
        naming_method(method)  # told before anything is embedded
        gallery, queries = sides(request)
        queries = request.sample(queries)
        plain = request.embed(queries, "the queries"), request.embed(gallery, "the gallery")
        contest = contest_of(queries, gallery, plain, space=text_space(request.encoder))
        by_name = method in request.method.split(",")
        if not usable([method], contest, asked=method if by_name else "all"):
            method = FALLBACK
        bootstrap = Bootstrap(len(queries), seed=request.seed)
        rows: dict[str, Row] = {}
        losses: dict[str, Estimate] = {}
        clean: Labels | None = None
        helpers = Helpers.learn(request, gallery, chosen)
        for number, distortion in enumerate(chosen, start=1):
            what = f"{distortion} ({number} of {len(chosen)})"
            vectors = request.embed(queries, what, variant=helpers.variant(distortion))
            answers = named_by(method, contest.asking(vectors))
            rows[distortion] = figures(answers, contest.truth, bootstrap)
            if clean is None:
                clean = answers
            lost = (clean[:, 0] == contest.truth).astype(float) - (answers[:, 0] == contest.truth)
            losses[distortion] = bootstrap.mean(np.asarray(lost, np.float64))
        return Measured(
            task=self.name,
            encoder=str(request.encoder.id),
            rows=rows,
            setting=f"{len(queries)} queries against {len(gallery)} photos of "
            f"{len(contest.names)} models, named by {method}",
            extras={
                distortion: {"top-1 lost": f"{lost.value:+.3f} [{lost.low:+.3f}, {lost.high:+.3f}]"}
                for distortion, lost in losses.items()
                if distortion != PLAIN
            },
        )


def _chosen(request: Request, methods: Sequence[str]) -> tuple[list[str], str]:
    """Distortions, the plain photo first, and the naming method."""
    if request.method == "all":
        by_itself = upright_encoder(request.encoder) is not None
        return [name for name in ROWS if not (by_itself and name in STOOD)], DEFAULT
    naming = [name for name in methods if name.partition(":")[0] in METHODS]
    distortions = [name for name in methods if name in ROWS]
    if len(naming) > 1:
        raise EvaluationError("robust takes one naming method at a time.")
    if unknown := set(methods) - set(naming) - set(distortions):
        raise EvaluationError(f"A distortion takes no parameter: {', '.join(sorted(unknown))}.")
    if distortions == [PLAIN]:
        distortions = list(DISTORTIONS)
    return distortions, naming[0] if naming else DEFAULT


@dataclass(frozen=True, slots=True)
class Helpers:
    """What the site does to a photo before it asks, learned from the gallery as from a catalog."""

    encoder: Encoder
    finder: Finder | None
    looks: Looks | None

    @classmethod
    def learn(cls, request: Request, gallery: Sequence[ShoePhoto], rows: Sequence[str]) -> Self:
        """Those that ``rows`` ask for."""
        crops = any(name.endswith(CROP) for name in rows)
        by_itself = upright_encoder(request.encoder) is not None
        turns = any(name.endswith(UPRIGHT) for name in rows) and not by_itself
        patches = patch_encoder(request.encoder) if crops else None
        photos: list[Image.Image] = []
        if patches or turns:
            drawn = np.random.default_rng(request.seed).permutation(len(gallery))[:MOST]
            photos = [photo_open(gallery[place].path) for place in drawn.tolist()]
        return cls(
            request.encoder,
            Finder.learn(photos, patches, report=request.report) if patches else None,
            Looks.learn(photos, request.encoder, report=request.report) if turns else None,
        )

    def variant(self, row: str) -> Variant | None:
        """The change to a photo that a row stands for; None for none."""
        name, plus, _ = row.partition("+")
        plain = variant_of(name)
        if not plus:
            return plain
        help_, version = (self._cut, CROPS) if row.endswith(CROP) else (self._turn, TURNING)

        def change(image: Image.Image, rng: random.Random) -> Image.Image:
            return help_(image if plain is None else plain.change(image, rng))

        said = row if plain is None else f"{plain.name}{row.removeprefix(name)}"
        return Variant(f"{said}@{version}", change)

    def _cut(self, image: Image.Image) -> Image.Image:
        found = crops_propose(image, encoder=self.encoder, finder=self.finder)
        return image.crop(found[0].box(image.size)) if found else image

    def _turn(self, image: Image.Image) -> Image.Image:
        if self.looks is None:
            return image
        vector = self.encoder.encode_images([image])[0]
        turned = self.looks.put_upright(image, self.encoder, vector=vector).turned
        return image.transpose(TURNS[turned]) if turned else image
