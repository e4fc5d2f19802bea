"""The recognise task with queries that something happened to: what is lost by it.

Each distortion is a row; ``rotate-0`` is the photo as it is. The gallery is never distorted. Names
are those of one method: ``--method prototype`` (or another that recognise has) chooses it, and
``--method blur,rotate-90`` the distortions. Rows ``DISTORTION+crop`` cut the distorted photo to the
first crop that the site would propose (`search.recognition.regions`), learned from the gallery.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image

from search.encoders.base import Encoder, patch_encoder
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
from search.recognition.regions import VERSION, Finder, crops_propose
from search.texts import text_space

FALLBACK = "knn"
"""Where the default cannot be asked about photos that it learns from."""


CROP: Final = "+crop"
CROPPED: Final = tuple(f"{name}{CROP}" for name in (PLAIN, "clutter", "scene"))
LEARNED: Final = 200
"""Photos of the gallery that a finder of shoes learns from."""


class RobustTask:
    """One naming method under every distortion, beside the photo as it is."""

    name = "robust"
    summary = "the recognise task with queries turned, mirrored, blurred, shrunk, cropped, …"
    baselines = (PLAIN,)

    @property
    def methods(self) -> tuple[str, ...]:
        return (*DISTORTIONS, *CROPPED, *METHODS)

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
        finder = _finder(request, gallery) if any(CROP in name for name in chosen) else None
        for number, distortion in enumerate(chosen, start=1):
            what = f"{distortion} ({number} of {len(chosen)})"
            vectors = request.embed(
                queries, what, variant=_variant(distortion, request.encoder, finder)
            )
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
        return [*DISTORTIONS, *CROPPED], DEFAULT
    naming = [name for name in methods if name.partition(":")[0] in METHODS]
    distortions = [name for name in methods if name.removesuffix(CROP) in DISTORTIONS]
    if len(naming) > 1:
        raise EvaluationError("robust takes one naming method at a time.")
    if unknown := set(methods) - set(naming) - set(distortions):
        raise EvaluationError(f"A distortion takes no parameter: {', '.join(sorted(unknown))}.")
    if distortions == [PLAIN]:
        distortions = list(DISTORTIONS)
    return distortions, naming[0] if naming else DEFAULT


def _finder(request: Request, gallery: Sequence[ShoePhoto]) -> Finder | None:
    """Learned from photos of the gallery, as the site learns from the catalog's."""
    patches = patch_encoder(request.encoder)
    if patches is None:
        return None
    drawn = np.random.default_rng(request.seed).permutation(len(gallery))[:LEARNED]
    photos = [photo_open(gallery[place].path) for place in sorted(drawn.tolist())]
    return Finder.learn(photos, patches, report=request.report)


def _variant(distortion: str, encoder: Encoder, finder: Finder | None) -> Variant | None:
    plain = variant_of(distortion.removesuffix(CROP))
    if not distortion.endswith(CROP):
        return plain

    def change(image: Image.Image, rng: random.Random) -> Image.Image:
        changed = image if plain is None else plain.change(image, rng)
        found = crops_propose(changed, encoder=encoder, finder=finder)
        return changed.crop(found[0].box(changed.size)) if found else changed

    return Variant(f"{plain.name if plain else PLAIN}{CROP}@{VERSION}", change)
