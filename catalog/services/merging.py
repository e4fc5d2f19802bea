"""Two models that are one: merged with a record, so that it can be undone without a loss.

The source's colorways go to the target. One that the target has already (the same style code, or
the same colours where one of the two tells no code) is united with it: its listings and photos go
over, its row goes into the record, its number leads on to the other. The source's row stays, and
its name and aliases mean the target from then on, also for crawls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from catalog.exceptions import MergeError
from catalog.models import (
    Colorway,
    ColorwayColour,
    ColorwayRedirect,
    Listing,
    ShoeImage,
    ShoeModel,
    ShoeModelAlias,
    ShoeModelMerge,
)
from catalog.querysets import named
from catalog.services.colorways import colorways_refresh, images_follow
from catalog.services.identity import model_of_published
from catalog.services.predictions import corrections_move, corrections_return

_ROW_FIELDS = ("id", "name", "style_code", "colour_key", "price", "is_available", "cover_id",
               "category", "height", "gender", "sort_name")  # fmt: skip


@dataclass(frozen=True, slots=True)
class MergePlan:
    """What a merge would do; shown before it is done."""

    source: ShoeModel
    target: ShoeModel
    moving: tuple[Colorway, ...]
    uniting: tuple[tuple[Colorway, Colorway], ...]
    """(of the source, the target's that takes it in)."""
    aliases: tuple[str, ...]
    """Names that will mean the target."""
    listings: int
    photos: int
    models: tuple[ShoeModel, ...] = field(default=())
    """Models that the source has taken in before; they go on to the target."""


def model_merge_plan(*, source: ShoeModel, target: ShoeModel) -> MergePlan:
    """What `model_merge` would do, without doing it.

    Raises:
        MergeError: these two cannot be merged; the message says why.
    """
    if source.pk == target.pk:
        raise MergeError("A model cannot be merged into itself.")
    for model in (source, target):
        if model.merged_into_id is not None:
            raise MergeError(f"{model} is itself merged into another model already.")
    taken = list(Colorway.objects.filter(model=target).order_by("id"))
    moving: list[Colorway] = []
    uniting: list[tuple[Colorway, Colorway]] = []
    for own in Colorway.objects.filter(model=source).order_by("id"):
        same = _same(own, taken)
        if same is None:
            moving.append(own)
        else:
            uniting.append((own, same))
    numbers = [row.pk for row in (*moving, *(own for own, _ in uniting))]
    return MergePlan(
        source=source,
        target=target,
        moving=tuple(moving),
        uniting=tuple(uniting),
        aliases=(source.name, *source.aliases.values_list("name", flat=True)),
        listings=Listing.objects.filter(colorway_id__in=numbers).count(),
        photos=ShoeImage.objects.filter(colorway_id__in=numbers).count(),
        models=tuple(source.merged_models.select_related("brand")),
    )


def _same(own: Colorway, taken: Sequence[Colorway]) -> Colorway | None:
    if own.style_code:
        for other in taken:
            if other.style_code == own.style_code:
                return other
    for other in taken:
        one_is_silent = not own.style_code or not other.style_code
        alike = (other.colour_key, other.name.lower()) == (own.colour_key, own.name.lower())
        if one_is_silent and alike:
            return other
    return None


def model_merge(
    *, source: ShoeModel, target: ShoeModel, by: AbstractBaseUser | None = None
) -> ShoeModelMerge:
    """Put ``source`` under ``target``; `model_unmerge` takes it back.

    Raises:
        MergeError: these two cannot be merged.
    """
    with transaction.atomic():
        # The same order as everywhere: models by id, then colorways, then listings.
        locked = ShoeModel.objects.select_for_update(of=("self",)).select_related("brand")
        rows = {row.pk: row for row in locked.filter(pk__in=(source.pk, target.pk)).order_by("pk")}
        if len(rows) < 2 and source.pk != target.pk:
            raise MergeError("One of the two models is gone.")
        source, target = rows[source.pk], rows[target.pk]
        plan = model_merge_plan(source=source, target=target)
        merge = ShoeModelMerge.objects.create(
            source=source,
            target=target,
            merged_by_id=by.pk if by else None,
            record={
                "moved": [row.pk for row in plan.moving],
                "models": [row.pk for row in plan.models],
                "alias_added": _add_alias(source, target),
                "aliases": _hand_over_aliases(source, target),
            },
        )
        Colorway.objects.filter(pk__in=merge.record["moved"]).update(model=target)
        merge.record["united"] = [_unite(own, into, merge) for own, into in plan.uniting]
        merge.save(update_fields=["record"])
        source.merged_models.update(merged_into=target)
        source.merged_into = target
        source.save(update_fields=["merged_into", "updated_at"])
        changed = {*merge.record["moved"], *(into.pk for _, into in plan.uniting)}
        colorways_refresh(changed, touch=True)
    return merge


def _add_alias(source: ShoeModel, target: ShoeModel) -> int | None:
    """The source's name as an alias of the target; None where the name is an alias already."""
    if named(ShoeModelAlias.objects.filter(brand=source.brand), source.name).exists():
        return None
    return ShoeModelAlias.objects.create(brand=source.brand, model=target, name=source.name).pk


def _hand_over_aliases(source: ShoeModel, target: ShoeModel) -> list[int]:
    numbers = list(source.aliases.order_by("pk").values_list("pk", flat=True))
    ShoeModelAlias.objects.filter(pk__in=numbers).update(model=target)
    return numbers


def _unite(own: Colorway, into: Colorway, merge: ShoeModelMerge) -> dict[str, Any]:
    """Empty ``own`` into ``into`` and delete it; what is needed to have it back."""
    row: dict[str, Any] = {name: getattr(own, name) for name in _ROW_FIELDS}
    row["price"] = None if own.price is None else str(own.price)
    row["created_at"] = own.created_at.isoformat()
    kept = {
        "into": into.pk,
        "row": row,
        "colours": list(own.colour_rows.order_by("position").values_list("id", "colour")),
        "listings": list(own.listings.order_by("pk").values_list("pk", flat=True)),
        "images": list(own.images.order_by("pk").values_list("pk", flat=True)),
        "redirects": list(own.redirects.values_list("pk", flat=True)),
        "corrections": corrections_move(old=own, into=into),
    }
    now = timezone.now()
    own.listings.update(colorway=into, changed_at=now)
    own.images.update(colorway=into, updated_at=now)
    own.redirects.update(colorway=into)
    ColorwayRedirect.objects.create(old_id=own.pk, colorway=into, merge=merge)
    own.delete()
    return kept


def model_unmerge(*, merge: ShoeModelMerge) -> ShoeModel:
    """Undo a merge: what it moved goes back, and what crawls found under the source's name since
    then goes with it. Rows that somebody moved elsewhere meanwhile stay there.

    Raises:
        MergeError: undone already, or a later merge stands on it and must be undone first.
    """
    with transaction.atomic():
        merge = (
            ShoeModelMerge.objects.select_for_update(of=("self",))
            .select_related("source__brand", "target__brand")
            .get(pk=merge.pk)
        )
        _check_undoable(merge)
        list(
            ShoeModel.objects.select_for_update()
            .filter(pk__in=(merge.source_id, merge.target_id))
            .order_by("pk")
        )
        source, record = merge.source, merge.record
        source.merged_into = None
        source.save(update_fields=["merged_into", "updated_at"])
        ShoeModel.objects.filter(pk__in=record["models"]).update(merged_into=source)
        _take_aliases_back(merge)
        affected = set(record["moved"])
        Colorway.objects.filter(pk__in=record["moved"], model=merge.target).update(model=source)
        for kept in record["united"]:
            affected |= {_divide(kept, source), kept["into"]}
        affected |= _take_newcomers(merge)
        merge.undone_at = timezone.now()
        merge.save(update_fields=["undone_at"])
        colorways_refresh(affected, touch=True)
    return source


def _check_undoable(merge: ShoeModelMerge) -> None:
    if merge.undone_at is not None:
        raise MergeError("This merge has been undone already.")
    if merge.target.merged_into_id is not None:
        raise MergeError(
            f"{merge.target} was merged into another model afterwards. Undo that merge first."
        )
    moved = {*merge.record["moved"], *(kept["row"]["id"] for kept in merge.record["united"])}
    later = ShoeModelMerge.objects.filter(
        target=merge.target, undone_at=None, pk__gt=merge.pk
    ).select_related("source__brand")
    for other in later:
        if moved & {kept["into"] for kept in other.record["united"]}:
            raise MergeError(
                f"{other.source} was merged afterwards and shares colorways with this merge. "
                "Undo that merge first."
            )


def _take_aliases_back(merge: ShoeModelMerge) -> None:
    record = merge.record
    if record["alias_added"] is not None:
        ShoeModelAlias.objects.filter(pk=record["alias_added"], model=merge.target).delete()
    ShoeModelAlias.objects.filter(pk__in=record["aliases"], model=merge.target).update(
        model=merge.source
    )


def _divide(kept: dict[str, Any], source: ShoeModel) -> int:
    """Have a united colorway back, with what was its own; its number."""
    row = dict(kept["row"])
    created_at: datetime | None = parse_datetime(row.pop("created_at"))
    ColorwayRedirect.objects.filter(old_id=row["id"]).delete()
    cover = row.pop("cover_id")
    if not ShoeImage.objects.filter(pk=cover).exists():
        cover = None
    colorway = Colorway.objects.create(
        **row,
        model=source,
        brand_id=source.brand_id,
        cover_id=cover,
        created_at=created_at or timezone.now(),
    )
    ColorwayColour.objects.bulk_create(
        ColorwayColour(id=number, colorway=colorway, colour=colour, position=position)
        for position, (number, colour) in enumerate(kept["colours"])
    )
    now = timezone.now()
    Listing.objects.filter(pk__in=kept["listings"], colorway_id=kept["into"]).update(
        colorway=colorway, changed_at=now
    )
    ShoeImage.objects.filter(pk__in=kept["images"], colorway_id=kept["into"]).update(
        colorway=colorway, updated_at=now
    )
    ColorwayRedirect.objects.filter(pk__in=kept["redirects"]).update(colorway=colorway)
    corrections_return(colorway=colorway, record=kept.get("corrections", {}))
    # Photos that came since the merge follow the listings that show them.
    images_follow(kept["listings"], old=kept["into"])
    return colorway.pk


def _take_newcomers(merge: ShoeModelMerge) -> set[int]:
    """Listings of after the merge go where their page's words lead again: to the source, or back
    to the target from a colorway that has gone to the source."""
    pair = {model.pk: model for model in (merge.source, merge.target)}
    affected: set[int] = set()
    newcomers = Listing.objects.filter(
        colorway__model__in=pair, first_seen_at__gte=merge.merged_at
    ).select_related("colorway")
    for listing in newcomers:
        named_model, old = model_of_published(listing), listing.colorway
        if old is None or named_model is None or named_model.pk == old.model_id:
            continue
        if named_model.pk in pair:
            affected |= {old.pk, _home(listing, old, pair[named_model.pk], merge.merged_at)}
    return affected


def _home(listing: Listing, old: Colorway, model: ShoeModel, since: datetime) -> int:
    """Move a listing from ``old`` to the like colorway of ``model``; the number of that."""
    same = _same(old, list(Colorway.objects.filter(model=model).order_by("id")))
    if same is None:
        others = old.listings.exclude(pk=listing.pk)
        if old.created_at >= since and all(model_of_published(o) == model for o in others):
            # A crawl made it for this model's pages: it goes as a whole.
            Colorway.objects.filter(pk=old.pk).update(model=model)
            return old.pk
        same = _copy(old, model)
    Listing.objects.filter(pk=listing.pk).update(colorway=same, changed_at=timezone.now())
    images_follow([listing.pk], old=old.pk)
    return same.pk


def _copy(old: Colorway, model: ShoeModel) -> Colorway:
    colorway = Colorway.objects.create(
        model=model,
        brand_id=model.brand_id,
        name=old.name,
        style_code=old.style_code,
        colour_key=old.colour_key,
    )
    ColorwayColour.objects.bulk_create(
        ColorwayColour(colorway=colorway, colour=slug, position=position)
        for position, slug in enumerate(colorway.colours)
    )
    return colorway
