"""Decisions about titles that could not be read for sure: made, learned from, and undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from catalog.exceptions import TitleError
from catalog.models import (
    Brand,
    BrandAlias,
    Colorway,
    Listing,
    ShoeImage,
    ShoeModel,
    ShoeModelAlias,
    TitleReview,
)
from catalog.selectors.titles import title_catalog
from catalog.services.colorways import (
    colorway_get_or_create,
    colorways_refresh,
    style_code_clean,
)
from catalog.services.identity import model_by_code
from catalog.services.names import brand_find, brand_get_or_create, model_find, model_get_or_create
from catalog.services.title_notes import is_sure, merge_votes, parsed_json, votes_of, weigh
from catalog.text import name_clean
from catalog.titles import TitleCatalog, title_parse, title_resolve

Status = TitleReview.Status
BATCH = 200


def title_review_confirm(
    *, review: TitleReview, model: ShoeModel, by: AbstractBaseUser | None = None
) -> int:
    """The listing shows ``model``. Its words become an alias, and titles of the same words that
    wait are resolved with it; how many those are.

    Raises:
        TitleError: decided already, or the model was merged or deleted meanwhile.
    """
    with transaction.atomic():
        review = _locked(review)
        if model.merged_into is not None:
            model = model.merged_into
        record: dict[str, Any] = {"alias": _teach(review, model)}
        record |= _assign(review, model)
        _decide(review, Status.CONFIRMED, by, record)
        followers = _resolve_alike(review, model) if record["alias"] else []
        if followers:
            record["followers"] = followers
            review.save(update_fields=["record"])
    return len(followers)


def title_review_create(
    *, review: TitleReview, brand: str, model: str, by: AbstractBaseUser | None = None
) -> tuple[ShoeModel, int]:
    """The listing shows a model that the catalog lacks: make it, and confirm.

    Raises:
        TitleError: a name is empty, or decided already.
    """
    brand, model = name_clean(brand), name_clean(model)
    if not brand or not model:
        raise TitleError("Write both a brand and a model.")
    with transaction.atomic():
        maker, maker_new = brand_get_or_create(name=brand)
        fields = {"gender": review.parsed.get("gender", "")}
        row, row_new = model_get_or_create(brand=maker, name=model, **fields)
        followers = title_review_confirm(review=review, model=row, by=by)
        review.refresh_from_db()
        review.record |= {
            "model_made": row.pk if row_new else None,
            "brand_made": maker.pk if maker_new else None,
        }
        review.save(update_fields=["record"])
        if row_new and not followers:
            # Its own name needs no alias: titles of the same words can be found now.
            followers = len(_resolve_alike(review, row))
    return row, followers


def title_review_dismiss(*, review: TitleReview, by: AbstractBaseUser | None = None) -> None:
    """The listing is of no model: no shoe, a lot of several, or not to be told."""
    with transaction.atomic():
        _decide(_locked(review), Status.DISMISSED, by, {})


def title_review_put_off(*, review: TitleReview) -> None:
    """Look at it again after the others."""
    TitleReview.objects.filter(pk=review.pk, status=Status.WAITING).update(
        put_off_at=timezone.now()
    )


def title_review_undo(*, review: TitleReview) -> None:
    """Take a decision back, with the alias that it taught and the titles that followed it.

    Raises:
        TitleError: nobody decided it.
    """
    with transaction.atomic():
        review = TitleReview.objects.select_for_update(of=("self",)).get(pk=review.pk)
        if review.status not in (Status.CONFIRMED, Status.DISMISSED):
            raise TitleError("Nobody has decided this title; there is nothing to undo.")
        record = review.record
        if record.get("alias"):
            ShoeModelAlias.objects.filter(pk=record["alias"]).delete()
        followers = TitleReview.objects.filter(
            pk__in=record.get("followers", ()), status=Status.AUTO
        ).select_related("listing")
        rows = [review, *followers]
        made = [_unassign(row) for row in rows]
        Colorway.objects.filter(pk__in=made, listings=None, images=None).delete()
        for row in rows:
            row.status, row.record = Status.WAITING, {}
            row.decided_at = row.decided_by = None
            row.save()
        _unmake(record)


def titles_resolve(*, reviews: list[TitleReview] | None = None) -> int:
    """Read again what waits, since the catalog may know more names now; how many got a model."""
    resolved = 0
    catalog = title_catalog()
    waiting = TitleReview.objects.filter(status=Status.WAITING).order_by("pk")
    last = 0
    while batch := (reviews if reviews is not None else list(waiting.filter(pk__gt=last)[:BATCH])):
        for review in batch:
            resolved += _read_again(review, catalog)
            last = review.pk
        if reviews is not None:
            break
    return resolved


def title_review_weigh(*, review: TitleReview, votes: Mapping[int, float], encoder_id: str) -> bool:
    """Let the photo's neighbours vote; whether the title has its model now.

    Args:
        votes: model id → share of the neighbours that show it, 0 to 1.
        encoder_id: whose vectors found them.
    """
    with transaction.atomic():
        row = TitleReview.objects.select_for_update(of=("self",)).filter(pk=review.pk).first()
        if row is None or row.status != Status.WAITING:
            return False
        titles = {int(one["model"]): one["title"] for one in row.candidates if one["title"]}
        row.candidates = merge_votes(titles, votes)
        row.confidence = weigh(row.candidates, row.confidence)
        row.photo_encoder = encoder_id
        row.save(update_fields=["candidates", "confidence", "photo_encoder", "updated_at"])
        return is_sure(row.confidence) and _take_first(row)


def _locked(review: TitleReview) -> TitleReview:
    rows = TitleReview.objects.select_for_update(of=("self",)).select_related("listing")
    row = rows.filter(pk=review.pk).first()
    if row is None:
        raise TitleError("This listing is gone.")
    if row.status not in (Status.WAITING, Status.AUTO):
        raise TitleError("This title has been decided already. Undo that first.")
    return row


def _decide(
    review: TitleReview, status: Status, by: AbstractBaseUser | None, record: dict[str, Any]
) -> None:
    review.status, review.record = status, record
    review.decided_at, review.decided_by_id = timezone.now(), by.pk if by else None
    review.save()


def _teach(review: TitleReview, model: ShoeModel) -> int | None:
    """The title's words as an alias of the model; None where they are known or say too little."""
    text = name_clean(review.model_text)
    known = brand_find(name=review.brand) if review.brand else None
    if len(text) < 3 or (known is not None and known.pk != model.brand_id):
        return None
    if known is None and review.brand:
        return None
    if model_find(brand=model.brand, name=text) is not None:
        return None
    return ShoeModelAlias.objects.create(brand=model.brand, model=model, name=text).pk


def _assign(review: TitleReview, model: ShoeModel) -> dict[str, Any]:
    """Give the listing a colorway of the model, and its photos too; what was made."""
    listing = review.listing
    before = listing.colorway_id
    colorway, created = colorway_get_or_create(
        model=model,
        code=style_code_clean(review.parsed.get("style_code", "")),
        name=review.parsed.get("colour", ""),
    )
    Listing.objects.filter(pk=listing.pk).update(colorway=colorway, changed_at=timezone.now())
    shown = ShoeImage.objects.filter(sources__listing=listing, colorway=listing.colorway)
    if before:
        # A photo that another listing of that colorway shows stays where it is.
        others = Listing.objects.filter(colorway_id=before).exclude(pk=listing.pk)
        shown = shown.exclude(sources__listing__in=others)
    photos = list(shown.values_list("pk", flat=True).distinct())
    ShoeImage.objects.filter(pk__in=photos).update(colorway=colorway, updated_at=timezone.now())
    colorways_refresh({colorway.pk, *([before] if before else [])}, touch=True)
    return {
        "colorway": colorway.pk,
        "before": before,
        "colorway_made": colorway.pk if created else None,
        "photos": photos,
    }


def _unassign(review: TitleReview) -> int:
    """Take listing and photos back; the colorway that was made for them, or 0."""
    record = review.record
    if "colorway" not in record:
        return 0
    before = record.get("before")
    if before and not Colorway.objects.filter(pk=before).exists():
        before = None
    now = timezone.now()
    Listing.objects.filter(pk=review.listing_id, colorway_id=record["colorway"]).update(
        colorway_id=before, changed_at=now
    )
    ShoeImage.objects.filter(
        pk__in=record.get("photos", ()), colorway_id=record["colorway"]
    ).update(colorway_id=before, updated_at=now)
    colorways_refresh({record["colorway"], *([before] if before else [])}, touch=True)
    return int(record.get("colorway_made") or 0)


def _unmake(record: dict[str, Any]) -> None:
    made = record.get("model_made") or 0
    ShoeModel.objects.filter(pk=made, colorways=None, merged_models=None).delete()
    empty = Brand.objects.filter(pk=record.get("brand_made") or 0, models=None)
    BrandAlias.objects.filter(brand__in=empty).delete()
    empty.delete()


def _resolve_alike(review: TitleReview, model: ShoeModel) -> list[int]:
    """Titles of the same brand and words that wait: they follow the decision."""
    alike = TitleReview.objects.filter(
        status=Status.WAITING, brand=review.brand, model_text__iexact=review.model_text
    ).exclude(model_text="")
    rows = list(alike.select_related("listing")[:1000])
    for row in rows:
        row.record = _assign(row, model)
        row.status = Status.AUTO
        row.save()
    return [row.pk for row in rows]


def _read_again(review: TitleReview, catalog: TitleCatalog) -> bool:
    with transaction.atomic():
        row = (
            TitleReview.objects.select_for_update(of=("self",))
            .select_related("listing")
            .filter(pk=review.pk, status=Status.WAITING)
            .first()
        )
        if row is None:
            return False
        published = row.listing.published
        parsed = title_parse(
            row.title,
            brands=catalog.brands,
            brand=catalog.brand_of(published.get("brand", "")) or published.get("brand", ""),
            colour=published.get("colour", ""),
        )
        reading = title_resolve(parsed, catalog)
        row.brand, row.model_text = parsed.brand, parsed.model
        row.parsed = parsed_json(parsed)
        row.candidates = merge_votes(
            {one.model_id: one.score for one in reading.candidates}, votes_of(row)
        )
        row.confidence = (
            weigh(row.candidates, reading.confidence) if votes_of(row) else reading.confidence
        )
        row.save()
        model = model_by_code(style_code_clean(parsed.style_code), brand=parsed.brand)
        if model is not None:
            return _take(row, model)
        return is_sure(row.confidence) and _take_first(row)


def _take_first(row: TitleReview) -> bool:
    model = ShoeModel.objects.filter(pk=row.candidates[0]["model"]).first()
    return model is not None and _take(row, model)


def _take(row: TitleReview, model: ShoeModel) -> bool:
    row.record = _assign(row, model.merged_into or model)
    row.status = Status.AUTO
    row.save()
    return True
