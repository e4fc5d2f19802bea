"""What was read in a listing's title, kept: for the report, and for whoever decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from catalog.models import Listing, TitleReview
from catalog.titles import ParsedTitle, Resolution

TITLE, PHOTO = "title", "photo"
LEAST_SHOWN = 0.1


def title_review_note(*, listing: Listing, reading: Resolution) -> TitleReview | None:
    """Write down how a listing's title was read; what a person decided stays.

    Within the transaction that wrote the listing. A listing whose title said the same before
    keeps its row as it is.
    """
    parsed = reading.parsed
    row = TitleReview.objects.filter(listing=listing).first()
    if row is not None and row.status in (
        TitleReview.Status.CONFIRMED,
        TitleReview.Status.DISMISSED,
    ):
        return row
    auto = listing.colorway_id is not None
    told: dict[str, Any] = {
        "title": listing.title,
        "status": TitleReview.Status.AUTO if auto else TitleReview.Status.WAITING,
        "brand": parsed.brand,
        "model_text": parsed.model,
        "parsed": parsed_json(parsed),
        "candidates": merge_votes(
            {one.model_id: one.score for one in reading.candidates}, votes_of(row)
        ),
        "confidence": reading.confidence,
    }
    if row is None:
        return TitleReview.objects.create(listing=listing, **told)
    if any(getattr(row, field) != value for field, value in told.items() if field != "confidence"):
        for field, value in told.items():
            setattr(row, field, value)
        row.save()
    return row


def parsed_json(parsed: ParsedTitle) -> dict[str, Any]:
    """The rest of a parsed title as plain values."""
    return {
        "colour": parsed.colour_name or parsed.colour_text,
        "style_code": parsed.style_code,
        "gender": parsed.gender,
        "sizes": [str(size) for size in parsed.sizes],
        "noise": list(parsed.noise),
    }


def votes_of(row: TitleReview | None) -> dict[int, float]:
    """The photo's votes that a row holds: model id → share."""
    if row is None:
        return {}
    return {int(one["model"]): one[PHOTO] for one in row.candidates if one.get(PHOTO)}


def merge_votes(titles: Mapping[int, float], photos: Mapping[int, float]) -> list[dict[str, Any]]:
    """Candidates by both kinds of evidence, best first.

    The title counts as it is; the photo closes up to half of what the title leaves open, since
    look-alikes of other models stand among a photo's neighbours. A model that only the photo names
    stays below one half: it is for a person to see, never taken by itself.
    """
    rows = []
    for model in {*titles, *photos}:
        title, photo = titles.get(model, 0.0), photos.get(model, 0.0)
        score = title + (1 - title) * 0.5 * photo if title else 0.45 * photo
        if score >= LEAST_SHOWN:
            rows.append({"model": model, TITLE: round(title, 3), PHOTO: round(photo, 3),
                         "score": round(score, 3)})  # fmt: skip
    rows.sort(key=lambda row: (-row["score"], row["model"]))
    return rows[:5]


def weigh(candidates: list[dict[str, Any]], confidence: float) -> float:
    """The confidence of the first candidate once the photos have voted.

    Agreement closes half of what is open; votes for another model than the title's count against
    it by half their share.
    """
    if not candidates or not candidates[0][TITLE]:
        return 0.0
    votes = [float(row[PHOTO]) for row in candidates]
    agreed = confidence + (1 - confidence) * 0.5 * votes[0]
    against = max(votes[1:], default=0.0)
    return round(agreed * (1 - 0.5 * max(0.0, against - votes[0])), 4)


def is_sure(confidence: float) -> bool:
    return bool(confidence >= settings.SHOEFINDER_TITLE_CONFIDENCE)
