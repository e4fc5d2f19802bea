"""Predicted attributes of colorways, and a person's corrections of what is stated or predicted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from catalog.exceptions import CorrectionError
from catalog.models import AttributePrediction, Brand, Category, Colorway, Gender, Height
from catalog.services.colorways import colorways_refresh, colour_key_of
from catalog.services.names import brand_find
from catalog.words import category_parse, gender_parse

BATCH: Final = 500
Attribute = AttributePrediction.Attribute


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What photos say of one attribute."""

    colorway_id: int
    attribute: str
    value: str
    """As `AttributePrediction` keeps it; "" where they say nothing."""
    confidence: float


def predictions_write(*, predictions: Sequence[Prediction], encoder_id: str) -> int:
    """Keep them, and let colorways repeat those that are sure and stated nowhere; how many rows.

    Corrections stay as they are. All or nothing: a batch that died is made again.
    """
    now = timezone.now()
    with transaction.atomic():
        AttributePrediction.objects.bulk_create(
            [
                AttributePrediction(
                    colorway_id=each.colorway_id, attribute=each.attribute, predicted=each.value,
                    confidence=each.confidence, encoder_id=encoder_id, predicted_at=now,
                )
                for each in predictions
            ],
            update_conflicts=True,
            unique_fields=["colorway", "attribute"],
            update_fields=["predicted", "confidence", "encoder_id", "predicted_at"],
            batch_size=BATCH,
        )  # fmt: skip
        colorways_refresh({each.colorway_id for each in predictions}, covers=False)
    return len(predictions)


def predictions_follow() -> int:
    """Bring colorways to ``SHOEFINDER_PREDICTION_CONFIDENCE`` of now; how many changed."""
    sure = float(settings.SHOEFINDER_PREDICTION_CONFIDENCE)
    numbers: set[int] = set()
    for attribute in Attribute.values:
        rows = AttributePrediction.objects.filter(attribute=attribute, corrected="")
        stands = Q(colorway__settled__contains=f"{attribute}:predicted")
        late = Q(confidence__gte=sure, stated="") & ~Q(predicted="") & ~stands
        early = Q(confidence__lt=sure) & stands
        numbers |= set(rows.filter(late | early).order_by().values_list("colorway_id", flat=True))
    ids, changed = sorted(numbers), 0
    for start in range(0, len(ids), BATCH):
        changed += colorways_refresh(ids[start : start + BATCH], covers=False)
    return changed


def correction_read(*, attribute: str, value: str) -> str:
    """What a person wrote, as it is kept: colours as shops write them ("black / off white"), a
    brand by name, alias or slug, a value of a vocabulary by its label or as shops write it.

    Raises:
        CorrectionError: this is no value of the attribute.
    """
    if attribute not in _READERS:
        raise CorrectionError(f"There is no attribute “{attribute}” to correct.")
    return _READERS[attribute](value.strip())


def attribute_correct(
    *, colorway: Colorway, attribute: str, value: str, by: Any = None
) -> AttributePrediction:
    """A person says what an attribute is; that wins until it is taken back.

    Raises:
        CorrectionError: see `correction_read`.
    """
    corrected = correction_read(attribute=attribute, value=value)
    with transaction.atomic():
        row, _ = AttributePrediction.objects.get_or_create(colorway=colorway, attribute=attribute)
        row.corrected, row.corrected_by, row.corrected_at = corrected, by, timezone.now()
        row.save(update_fields=["corrected", "corrected_by", "corrected_at"])
        colorways_refresh([colorway.pk], covers=False)
    row.refresh_from_db()
    return row


def corrections_undo(*, rows: Iterable[AttributePrediction]) -> int:
    """Take corrections back: what is stated counts again, else what is predicted; how many."""
    chosen = {row.pk: row.colorway_id for row in rows if row.corrected}
    with transaction.atomic():
        AttributePrediction.objects.filter(pk__in=chosen).update(
            corrected="", corrected_by=None, corrected_at=None
        )
        colorways_refresh(chosen.values(), covers=False)
    return len(chosen)


def predictions_forget(*, colorways: Iterable[int]) -> int:
    """Let these be predicted anew, in the background; corrections stay. How many colorways."""
    rows = AttributePrediction.objects.filter(colorway_id__in=set(colorways))
    count = rows.values("colorway_id").distinct().count()
    rows.exclude(encoder_id="").update(encoder_id="")
    return count


def corrections_move(*, old: Colorway, into: Colorway) -> dict[str, Any]:
    """Corrections of a colorway that is united with another go there, unless that has its own of
    the attribute; what `corrections_return` needs to have them back."""
    taken = set(into.predictions.exclude(corrected="").values_list("attribute", flat=True))
    own = old.predictions.exclude(corrected="")
    lost = [
        {
            "attribute": row.attribute,
            "corrected": row.corrected,
            "corrected_by_id": row.corrected_by_id,
            "corrected_at": row.corrected_at.isoformat() if row.corrected_at else None,
        }
        for row in own.filter(attribute__in=taken)
    ]
    moved = list(own.exclude(attribute__in=taken).values_list("pk", "attribute"))
    into.predictions.filter(attribute__in=[attribute for _, attribute in moved]).delete()
    numbers = [number for number, _ in moved]
    AttributePrediction.objects.filter(pk__in=numbers).update(colorway=into)
    return {"moved": numbers, "lost": lost}


def corrections_return(*, colorway: Colorway, record: dict[str, Any]) -> None:
    """Undo `corrections_move`."""
    AttributePrediction.objects.filter(pk__in=record.get("moved", ())).update(colorway=colorway)
    AttributePrediction.objects.bulk_create(
        AttributePrediction(colorway=colorway, **row) for row in record.get("lost", ())
    )


def _colours(value: str) -> str:
    key = colour_key_of(value)
    if not key:
        raise CorrectionError(f"“{value}” names no colour. Write them like black / off white.")
    return key


def _brand(value: str) -> str:
    brand = brand_find(name=value) or Brand.objects.filter(slug=value).first()
    if brand is None:
        raise CorrectionError(f"The catalog has no brand “{value}”. Add it first.")
    return str(brand.slug)


def _chosen(choices: Any, read: Callable[[str], str]) -> Callable[[str], str]:
    def reader(value: str) -> str:
        labels = {str(label).lower(): str(one) for one, label in choices.choices}
        low = value.lower()
        found = low if low in choices.values else labels.get(low) or read(value)
        if found not in choices.values:
            raise CorrectionError(f"“{value}” is none of the values: {', '.join(choices.values)}.")
        return found

    return reader


_READERS: Final[dict[str, Callable[[str], str]]] = {
    Attribute.COLOURS: _colours,
    Attribute.BRAND: _brand,
    Attribute.HEIGHT: _chosen(Height, lambda value: ""),
    Attribute.CATEGORY: _chosen(Category, category_parse),
    Attribute.GENDER: _chosen(Gender, gender_parse),
}
