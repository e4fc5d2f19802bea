"""The photo rules at work: what was embedded is measured, scored, compared and judged."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import structlog
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from catalog.images import photo_load
from catalog.models import ImageStatus, PhotoCheck, ShoeImage
from catalog.photo_rules import BY_ENCODER, PhotoMeasures, Rule, measure, signatures_differ
from catalog.services.photo_checks import photos_judge
from catalog.services.photo_views import view_sure
from search.encoders import Encoder
from search.models import ImageEmbedding
from search.rules.scoring import rule_scores
from search.selectors import vectors_by_image
from search.types import Vector

log = structlog.get_logger(__name__)

HASH_BITS: Final = 4
"""Of 64: what re-encoded and resized copies differ by."""
SAME_COLOURS: Final = 10.0
"""Mean difference of 4 × 4 colours, 0 to 255: two side views on white differ in a few bits of a
grey hash, and in an encoder's eyes by little where only the colour is another."""
LEAST_TWIN: Final = 0.9
"""Cosine below which two photos are no copies, whatever the threshold: not kept as a twin."""
BATCH: Final = 256
AT_LEAST: Final = 256


def photos_unjudged(*, encoder_id: str) -> QuerySet[ShoeImage]:
    """Accepted photos with a vector that the rules have not seen under this encoder."""
    embedded = ImageEmbedding.objects.filter(encoder_id=encoder_id, image=OuterRef("pk"))
    judged = PhotoCheck.objects.filter(image=OuterRef("pk"), encoder_id=encoder_id)
    return ShoeImage.objects.filter(
        Exists(embedded), ~Exists(judged), status=ImageStatus.ACCEPTED
    ).order_by("pk")


def photo_rules_apply(
    *,
    encoder: Encoder,
    ids: Sequence[int] | None = None,
    measures: Mapping[int, PhotoMeasures] | None = None,
) -> int:
    """Judge these photos, or all that wait; how many were rejected.

    Killed at any point, what was not judged is found again by `photos_unjudged`.

    Args:
        measures: of photos that were decoded anyway; the others are read from their files.
    """
    if not settings.SHOEFINDER_PHOTO_RULES:
        return 0
    rejected = 0
    for batch in _batches(str(encoder.id), ids):
        rejected += photos_judge(_checks(encoder, batch, measures or {}))
    if rejected:
        log.info("photos_rejected", count=rejected)
    return rejected


def _batches(encoder_id: str, ids: Sequence[int] | None) -> Iterator[list[ShoeImage]]:
    rows = photos_unjudged(encoder_id=encoder_id).select_related("colorway")
    if ids is not None:
        for start in range(0, len(ids), BATCH):
            if batch := list(rows.filter(pk__in=ids[start : start + BATCH])):
                yield batch
        return
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        yield batch
        last = batch[-1].pk


def _checks(
    encoder: Encoder, images: Sequence[ShoeImage], measures: Mapping[int, PhotoMeasures]
) -> list[PhotoCheck]:
    encoder_id, numbers = str(encoder.id), [image.pk for image in images]
    vectors = vectors_by_image(numbers, encoder_id=encoder_id, dim=encoder.dim)
    matrix = np.stack([vectors[number] for number in numbers])
    scores = rule_scores(encoder, matrix)
    known = PhotoCheck.objects.in_bulk(numbers, field_name="image_id")
    checks: dict[int, PhotoCheck] = {}
    for place, image in enumerate(images):
        check = known.get(image.pk) or PhotoCheck(image=image)
        if not check.signature:
            found = measures.get(image.pk) or _measured(image)
            check.broken = found is None
            if found is not None:
                check.sharpness, check.signature = found.sharpness, found.signature
        check.scores = {
            rule.value: round(float(scores.rules[rule.value][place]), 4)
            for rule in BY_ENCODER
            if rule.value in scores.rules
        }
        check.thresholds = dict(scores.thresholds)
        check.encoder_id, check.scored_by = encoder_id, scores.by
        check.view_guess, check.view_score = scores.views[place]
        check.view_head = scores.views_by
        checks[image.pk] = check
    if Rule.NEAR_DUPLICATE.value in settings.SHOEFINDER_PHOTO_RULES:
        _find_twins(images, checks, vectors, encoder_id, encoder.dim)
    return list(checks.values())


def _measured(image: ShoeImage) -> PhotoMeasures | None:
    try:
        with image.file.open("rb") as file:
            return measure(photo_load(file, at_least=AT_LEAST))
    except Exception as error:
        # Decoders of damaged bytes raise nearly anything.
        log.warning("photo_not_measured", image=image.pk, error=str(error))
        return None


# --- Copies ------------------------------------------------------------------------------------


def _find_twins(
    images: Sequence[ShoeImage],
    checks: dict[int, PhotoCheck],
    vectors: dict[int, Vector],
    encoder_id: str,
    dim: int,
) -> None:
    """Set the twin of each photo that has a better copy; copies that turn out to be the worse one
    are added to ``checks``."""
    near = _hashes().near(images)
    others = {number for found in near.values() for number in found} - checks.keys()
    rows = ShoeImage.objects.filter(status=ImageStatus.ACCEPTED).select_related("colorway")
    known = {image.pk: image for image in images} | rows.in_bulk(others)
    stored = PhotoCheck.objects.in_bulk(list(others), field_name="image_id")
    vectors |= vectors_by_image(list(others & known.keys()), encoder_id=encoder_id, dim=dim)
    for image in images:
        for number in near[image.pk]:
            other = known.get(number)
            if other is None or number == image.pk or number not in vectors:
                continue
            its = checks.get(number) or stored.get(number)
            if (
                its is None
                or signatures_differ(its.signature, checks[image.pk].signature) > SAME_COLOURS
            ):
                continue
            if _other_view(image, checks[image.pk], other, its):
                continue  # A model shall have many angles.
            likeness = float(vectors[image.pk] @ vectors[number])
            if likeness < LEAST_TWIN:
                continue
            worse, better = sorted((image, other), key=_quality)
            loser = checks[image.pk] if worse.pk == image.pk else its
            if loser.twin_score is not None and loser.twin_score >= likeness:
                continue
            if better.pk in checks and checks[better.pk].twin_id == worse.pk:
                continue  # Each the other's better one would lose both.
            loser.twin, loser.twin_score = better, round(likeness, 4)
            loser.twin_elsewhere = _elsewhere(worse, better)
            checks[worse.pk] = loser


def _other_view(image: ShoeImage, check: PhotoCheck, other: ShoeImage, its: PhotoCheck) -> bool:
    """Whether both views are known and differ."""
    one, two = image.view or view_sure(check), other.view or view_sure(its)
    return bool(one and two and one != two)


def _quality(image: ShoeImage) -> tuple[int, int, int]:
    """More pixels, then more bytes, then the one that was there first."""
    return image.width * image.height, image.byte_size, -image.pk


def _elsewhere(one: ShoeImage, other: ShoeImage) -> bool:
    """Whether two copies are shown by two colorways: rejecting one would leave a page bare."""
    return (
        one.colorway is not None
        and other.colorway is not None
        and one.colorway_id != other.colorway_id
    )


@dataclass(slots=True)
class _Hashes:
    """The hashes of all stored photos; a cache of the table, filled up before each question."""

    last: int = 0
    pid: int = field(default_factory=os.getpid)
    index: object = None

    def near(self, images: Sequence[ShoeImage]) -> dict[int, list[int]]:
        from search.stores.hashes import HashIndex, hashes_of

        if not isinstance(self.index, HashIndex) or self.last > _newest():
            self.index, self.last = HashIndex(), 0
        rows = ShoeImage.objects.exclude(perceptual_hash="").order_by("pk")
        page = 50_000
        while fresh := list(
            rows.filter(pk__gt=self.last).values_list("pk", "perceptual_hash")[:page]
        ):
            self.index.add([number for number, _ in fresh], hashes_of([text for _, text in fresh]))
            self.last = fresh[-1][0]
        asked = [image for image in images if image.perceptual_hash]
        found = self.index.near(hashes_of([image.perceptual_hash for image in asked]), HASH_BITS)
        near = {image.pk: [number for number, _ in pairs] for image, pairs in
                zip(asked, found, strict=True)}  # fmt: skip
        return {image.pk: near.get(image.pk, []) for image in images}


_kept: dict[int, _Hashes] = {}


def _hashes() -> _Hashes:
    return _kept.setdefault(os.getpid(), _Hashes())


def _newest() -> int:
    newest: int = ShoeImage.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return newest


def photos_same_elsewhere() -> QuerySet[PhotoCheck]:
    """Photos whose copy shows another colorway: for a person to look at."""
    return PhotoCheck.objects.filter(Q(twin_elsewhere=True), image__status=ImageStatus.ACCEPTED)
