"""How the photo rules stand: what each rejected, and from where."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from catalog.models import ImageStatus, PhotoCheck, ShoeImage
from catalog.photo_rules import BY_ENCODER, MEANINGS, Rule, thresholds


@dataclass(frozen=True, slots=True)
class RuleReport:
    """One rule."""

    rule: str
    meaning: str
    threshold: str | None
    """As set; None when it is off."""
    rejected: int
    """Photos that it keeps out now."""
    by_encoder: bool


def rules_report() -> list[RuleReport]:
    """Every rule in its order; two queries."""
    limits = thresholds()
    newest = PhotoCheck.objects.exclude(encoder_id="").order_by("-pk").first()
    counts = dict(
        ShoeImage.objects.filter(
            status=ImageStatus.REJECTED, rejection__in=[rule.value for rule in Rule]
        )
        .order_by()
        .values_list("rejection")
        .annotate(n=Count("pk"))
        .values_list("rejection", "n")
    )
    own = newest.thresholds if newest else {}
    return [
        RuleReport(
            rule.value,
            MEANINGS[rule],
            _shown(rule, limits, own),
            counts.get(rule.value, 0),
            rule in BY_ENCODER,
        )
        for rule in Rule
    ]


def _shown(rule: Rule, limits: dict[Rule, float | None], own: dict[str, float]) -> str | None:
    if rule not in limits:
        return None
    limit = limits[rule]
    if limit is not None:
        return f"{limit:g}"
    return f"auto: {own[rule.value]:g}" if rule.value in own else "auto: rejects nothing"
