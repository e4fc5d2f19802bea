"""What the site answers: a fitted method beside the vote of the index, as an ``Identification``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from django.conf import settings
from PIL.Image import Image

from catalog.models import ShoeModel
from search.active import active_encoder
from search.encoders import Encoder
from search.encoders.base import upright_encoder
from search.recognition.base import Floats
from search.recognition.calibration import Calibration, signals
from search.recognition.fits import Fit, fit_read, looks_read
from search.recognition.gallery import Facts
from search.recognition.looks import SHOE_FROM, Upright
from search.recognition.registry import method_named
from search.recognition.voting import NEIGHBOURS, Poll, poll
from search.results import Candidate, Guess, Identification
from search.stores import get_store
from search.stores.base import VectorStore
from search.texts import COLOUR_SLUGS, text_space
from search.types import Hit, Vector

MAX_CANDIDATES: Final = 5
LOOKED_AT: Final = 12
"""Models of the catalog that are looked up: some may have been merged into each other since."""
VOTE: Final = "knn"
TOLD: Final = 0.5
"""Share of the candidates that must state an attribute before it is told of the photo."""
SECOND_COLOUR: Final = 0.9
"""A second colour is told whose cosine reaches this share of the first one's."""


def identify(
    image: Image | Vector,
    *,
    method: str = "",
    k: int = NEIGHBOURS,
    leaving_out: Collection[int] = (),
    turned: int = 0,
    encoder: Encoder | None = None,
    store: VectorStore | None = None,
    near: Sequence[Hit] | None = None,
) -> Identification:
    """Name the model in a photo: an upright RGB picture, or its vector of shape (dim,).

    ``method`` is one of `search.recognition.METHODS`, by default ``SHOEFINDER_RECOGNISER``. Where
    it has not been fitted yet, or where photos must have no say (``leaving_out``: the catalog photo
    that is asked about), the vote of the ``k`` nearest photos answers. A picture that seems to
    lie on its side is tried in other orientations; a vector's ``turned`` is told as it is given,
    and ``near``, what `near_of` answers for it, where that is known.

    Raises ``IndexUnavailable`` when there is no index to ask, ``RecognitionError`` for a method
    that does not exist.
    """
    encoder = encoder or active_encoder()
    store = store or get_store(encoder_id=str(encoder.id), dim=encoder.dim)
    wanted = method_named(method or settings.SHOEFINDER_RECOGNISER).name
    if isinstance(image, np.ndarray):
        vector = image
    else:
        upright = upright_vector(image, encoder=encoder)
        vector, turned = upright.vector, upright.turned
    votes = poll(store, vector, k=k, leaving_out=leaving_out, near=near)
    fit = fit_read(encoder_id=str(encoder.id), method=VOTE if leaving_out else wanted)
    if fit is None or fit.recogniser.method == VOTE:
        answer = _by_vote(votes, fit, vector)
    else:
        answer = _by_fit(votes, fit, vector)
    looks = looks_read(encoder_id=str(encoder.id))
    return replace(
        answer,
        turned=turned,
        shoe=looks is None or bool(looks.shoe(vector[None, :])[0] >= SHOE_FROM),
        colours=_colours(encoder, vector),
    )


def upright_vectors(images: Sequence[Image], *, encoder: Encoder) -> list[Upright]:
    """The vectors of pictures, turned upright where they seem to lie: by an encoder that does so
    by itself, else by `Looks`, where the catalog's photos have been looked at."""
    if own := upright_encoder(encoder):
        vectors, degrees = own.encode_upright(images)
        return [Upright(v, int(turned)) for v, turned in zip(vectors, degrees, strict=True)]
    looks = looks_read(encoder_id=str(encoder.id))
    return [
        looks.put_upright(image, encoder, vector=vector) if looks else Upright(vector)
        for image, vector in zip(images, encoder.encode_images(images), strict=True)
    ]


def upright_vector(image: Image, *, encoder: Encoder) -> Upright:
    """`upright_vectors` of one picture."""
    return upright_vectors([image], encoder=encoder)[0]


def _by_fit(votes: Poll, fit: Fit, vector: Vector) -> Identification:
    judged = fit.recogniser.judge(vector[None, :], np.array([votes.nearest]))
    shares = judged.probabilities[0]
    first = np.argsort(-shares, kind="stable")[:LOOKED_AT]
    calibration, models = fit.recogniser.calibration, fit.recogniser.models
    return Identification(
        candidates=_candidates([(fit.model_ids[i], float(shares[i])) for i in first], votes),
        known=bool(judged.known[0]),
        method=fit.recogniser.method,
        calibrated=calibration.measured,
        brand=_guess([model.brand for model in models], shares),
        height=_guess([model.height for model in models], shares),
    )


def _by_vote(votes: Poll, fit: Fit | None, vector: Vector) -> Identification:
    """Calibrated by ``fit`` where there is one."""
    calibration = fit.recogniser.calibration if fit else Calibration()
    if not votes.votes:
        return Identification(method=VOTE)
    calibrated = np.log([[vote.share for vote in votes.votes]]) / calibration.temperature
    shares = calibration.probabilities(calibrated * calibration.temperature)[0]
    named = votes.votes[0].label
    likeness = np.zeros(1)
    if fit is not None and named in fit.model_ids:
        likeness[0] = vector @ fit.recogniser.means[fit.model_ids.index(named)]
    signs = signals(calibrated, np.array([votes.nearest]), likeness)
    pairs = [(vote.label, float(share)) for vote, share in zip(votes.votes, shares, strict=True)]
    facts = _facts([label for label, _ in pairs])
    return Identification(
        candidates=_candidates(pairs[:LOOKED_AT], votes),
        known=bool(calibration.certainty(signs)[0] >= calibration.reject),
        method=VOTE,
        calibrated=calibration.measured,
        brand=_guess([facts[label].brand for label, _ in pairs], shares),
        height=_guess([facts[label].height for label, _ in pairs], shares),
    )


def _facts(model_ids: Sequence[int]) -> dict[int, Facts]:
    rows = ShoeModel.objects.filter(id__in=model_ids).values_list("id", "brand__name", "height")
    found = {number: Facts("", brand, height) for number, brand, height in rows}
    return {number: found.get(number, Facts("")) for number in model_ids}


# Built once, and not with every name.
_OWN = ("pk", "brand__name", "name")
_NAMES = ShoeModel.objects.order_by().values_list(*_OWN, *(f"merged_into__{f}" for f in _OWN))


def _candidates(pairs: Sequence[tuple[int, float]], votes: Poll) -> tuple[Candidate, ...]:
    """As the catalog stands now: merged models count together, deleted ones are left out."""
    names = {row[0]: row for row in _NAMES.filter(pk__in=[number for number, _ in pairs])}
    counts = {vote.label: vote.count for vote in votes.votes}
    found: dict[int, Candidate] = {}
    for number, share in pairs:
        if number not in names:
            continue
        pk, brand, name = names[number][:3] if names[number][3] is None else names[number][3:]
        known = found.get(pk) or Candidate(pk, f"{brand} {name}", 0.0, 0)
        found[pk] = replace(
            known, confidence=known.confidence + share, votes=known.votes + counts.get(number, 0)
        )
    ranked = sorted(found.values(), key=lambda candidate: -candidate.confidence)
    return tuple(ranked[:MAX_CANDIDATES])


def _guess(values: Sequence[str], shares: Floats) -> Guess | None:
    """The value with the greatest share of what is known; None where that is the lesser part: of a
    shoe without a height, others that hardly come into question cannot tell it."""
    sums: dict[str, float] = {}
    for value, share in zip(values, shares.tolist(), strict=True):
        if value:
            sums[value] = sums.get(value, 0.0) + share
    if not sums or sum(sums.values()) < TOLD * float(shares.sum()):
        return None
    best = max(sums, key=lambda value: sums[value])
    return Guess(best, min(sums[best] / max(sum(sums.values()), 1e-12), 1.0))


def _colours(encoder: Encoder, vector: Vector) -> tuple[str, ...]:
    """The main colour, and a second one that comes close to it."""
    near = text_space(encoder).colours() @ vector
    first, second = np.argsort(-near, kind="stable")[:2]
    if near[second] >= SECOND_COLOUR * near[first] > 0:
        return (COLOUR_SLUGS[first], COLOUR_SLUGS[second])
    return (COLOUR_SLUGS[first],)
