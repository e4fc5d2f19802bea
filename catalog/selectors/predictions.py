"""Predicted and corrected attributes, read."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F, Q, QuerySet

from catalog.models import AttributePrediction, ColorwayColour


def corrections() -> QuerySet[AttributePrediction]:
    """Every correction with its colorway, by number: labels for evaluation and training."""
    return (
        AttributePrediction.objects.exclude(corrected="")
        .select_related("colorway__model__brand", "colorway__cover")
        .order_by("pk")
    )


def disagreeing() -> Q:
    """Rows whose prediction or correction says otherwise than what is stated."""
    otherwise = (~Q(predicted="") & ~Q(predicted=F("stated"))) | (
        ~Q(corrected="") & ~Q(corrected=F("stated"))
    )
    return ~Q(stated="") & otherwise


def colours_of(colorway_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Slugs in order, corrected, else stated, else predicted; by colorway, none where it has none.

    One query; none without ids.
    """
    ids = list(colorway_ids)
    found: dict[int, tuple[str, ...]] = {}
    if ids:
        rows = ColorwayColour.objects.filter(colorway_id__in=ids).order_by("colorway", "position")
        for colorway, slug in rows.values_list("colorway_id", "colour"):
            found[colorway] = (*found.get(colorway, ()), slug)
    return found
