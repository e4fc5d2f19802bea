"""Photo rules applied: measures and scores kept, photos rejected, restored, and judged anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog.models import Colorway, ImageSource, ImageStatus, PhotoCheck, ShoeImage
from catalog.photo_rules import PhotoFacts, Rule, rule_decide, thresholds
from catalog.services.colorways import colorways_refresh
from catalog.services.photo_views import views_give
from catalog.services.photos import image_delete

BATCH = 500
FIELDS = (
    "broken", "sharpness", "signature", "scores", "thresholds", "encoder_id", "scored_by",
    "twin", "twin_score", "twin_elsewhere", "view_guess", "view_score", "view_head", "rule",
    "value", "checked_at",
)  # fmt: skip


@dataclass(slots=True)
class ReplayReport:
    """What other thresholds change, by rule."""

    photos: int = 0
    last: int = 0
    """The id of the photo that was judged last."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Accepted before, by the rule that rejects them now."""
    restored: Counter[str] = field(default_factory=Counter)
    """Rejected before, by the rule that lets them pass now."""

    def __str__(self) -> str:
        return (
            f"{self.photos} photos judged: {self.rejected.total()} rejected, "
            f"{self.restored.total()} accepted again"
        )


def photos_judge(checks: Sequence[PhotoCheck]) -> int:
    """Keep what was found out about photos and act on it; how many are rejected now.

    Photos that a person rejected or restored stay as they are. A photo's view is written where
    it says none and the guess is sure.

    Args:
        checks: one for each photo, saved or not, with everything but ``rule`` and ``value``.
    """
    with transaction.atomic():
        images = {
            image.pk: image
            for image in ShoeImage.objects.select_for_update(no_key=True)
            .filter(pk__in=[check.image_id for check in checks])
            .order_by("pk")
        }
        alive = [check for check in checks if check.image_id in images]
        changed = _decide(alive, images)
        now = timezone.now()
        for check in alive:
            check.checked_at = now
        PhotoCheck.objects.bulk_create(
            alive, update_conflicts=True, unique_fields=["image"], update_fields=FIELDS
        )
        views_give(alive, images)
        _write(changed)
    return sum(image.status == ImageStatus.REJECTED for image in changed)


def photo_rules_replay(
    *,
    dry_run: bool = False,
    report: ReplayReport | None = None,
    progress: Callable[[ReplayReport], bool] = lambda report: True,
) -> ReplayReport:
    """Judge every measured photo by the thresholds of now, its view by SHOEFINDER_VIEW_SURE of now;
    nothing is decoded or encoded.

    Interrupted, what was done stays, and another call does the rest.

    Args:
        report: of an earlier call, to go on behind what that one judged.
        progress: told after each batch, in its transaction: what it writes is true exactly if the
            batch is written. False ends the call.
    """
    report = report or ReplayReport()
    goes_on = True
    while goes_on:
        with transaction.atomic():
            rows = PhotoCheck.objects.filter(image_id__gt=report.last).order_by("image_id")
            checks = list(rows[:BATCH])
            if not checks:
                break
            images = ShoeImage.objects.select_for_update(no_key=True).in_bulk(
                [check.image_id for check in checks]
            )
            before = {check.image_id: check.rule for check in checks}
            changed = _decide(checks, images)
            for image in changed:
                if image.status == ImageStatus.REJECTED:
                    report.rejected[image.rejection] += 1
                else:
                    report.restored[before[image.pk]] += 1
            if not dry_run:
                PhotoCheck.objects.bulk_update(checks, ["rule", "value"])
                views_give(checks, images)
                _write(changed)
            report.last = checks[-1].image_id
            report.photos += len(checks)
            goes_on = progress(report)
    return report


def photos_restore(*, images: Iterable[ShoeImage]) -> int:
    """Accept photos that rules rejected, for good: no rule rejects them again. How many."""
    chosen = [image.pk for image in images]
    with transaction.atomic():
        rows = list(
            ShoeImage.objects.select_for_update(no_key=True).filter(
                pk__in=chosen, status=ImageStatus.REJECTED
            )
        )
        PhotoCheck.objects.filter(image__in=rows).update(kept=True)
        for row in rows:
            row.status, row.rejection = ImageStatus.ACCEPTED, ""
        _write(rows)
    return len(rows)


def photos_restore_rule(*, rule: Rule) -> int:
    """`photos_restore` of all that one rule rejected."""
    restored, rows = 0, ShoeImage.objects.filter(
        status=ImageStatus.REJECTED, rejection=rule.value, check_row__isnull=False
    )  # fmt: skip
    while batch := list(rows.order_by("pk")[:BATCH]):
        restored += photos_restore(images=batch)
    return restored


def photos_forget_rejected() -> int:
    """Delete what rules rejected longer ago than SHOEFINDER_REJECTED_DAYS; how many.

    A crawl that meets such a photo again judges it again.
    """
    before = timezone.now() - timedelta(days=settings.SHOEFINDER_REJECTED_DAYS)
    old = ShoeImage.objects.filter(
        status=ImageStatus.REJECTED, rejection__in=[rule.value for rule in Rule],
        check_row__checked_at__lt=before, updated_at__lt=before,
    )  # fmt: skip
    forgotten = 0
    for image in old.order_by("pk").iterator(chunk_size=BATCH):
        image_delete(image=image)
        forgotten += 1
    return forgotten


def _decide(checks: Sequence[PhotoCheck], images: Mapping[int, ShoeImage]) -> list[ShoeImage]:
    """Set each check's rule, and the state of photos whose state changes; those photos."""
    limits, changed = thresholds(), []
    for check in checks:
        image = images.get(check.image_id)
        if image is None:
            continue
        broken = rule_decide(_facts(check, image), limits)
        check.rule, check.value = (broken[0].value, broken[1]) if broken else ("", None)
        by_person = image.status == ImageStatus.REJECTED and image.rejection not in _RULES
        rejects = bool(check.rule) and not check.kept
        is_rejected = image.status == ImageStatus.REJECTED
        if by_person or (rejects == is_rejected and (not rejects or image.rejection == check.rule)):
            continue
        image.status = ImageStatus.REJECTED if rejects else ImageStatus.ACCEPTED
        image.rejection = check.rule if rejects else ""
        changed.append(image)
    return changed


_RULES = frozenset(rule.value for rule in Rule)


def _facts(check: PhotoCheck, image: ShoeImage) -> PhotoFacts:
    return PhotoFacts(
        width=image.width,
        height=image.height,
        broken=check.broken,
        sharpness=check.sharpness,
        twin_score=None if check.twin_elsewhere or check.twin_id is None else check.twin_score,
        scores=check.scores,
        own_thresholds=check.thresholds,
    )


def _write(changed: Sequence[ShoeImage]) -> None:
    if not changed:
        return
    now = timezone.now()
    for image in changed:
        image.updated_at = now
    ShoeImage.objects.bulk_update(changed, ["status", "rejection", "updated_at"])
    numbers = [image.pk for image in changed]
    affected: set[Any] = {image.colorway_id for image in changed}
    affected |= set(Colorway.objects.filter(cover__in=numbers).values_list("id", flat=True))
    affected |= set(
        ImageSource.objects.filter(image__in=numbers).values_list("listing__colorway", flat=True)
    )
    colorways_refresh({number for number in affected if number})
