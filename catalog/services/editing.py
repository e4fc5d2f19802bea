"""Brands, models and colorways as an import or a person in the admin writes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import transaction

from catalog.exceptions import CatalogError
from catalog.models import Brand, BrandAlias, Colorway, ShoeModel, ShoeModelAlias
from catalog.services.colorways import (
    colorway_get_or_create,
    colorway_rename,
    colorways_refresh,
    sort_name_of,
    style_code_clean,
)
from catalog.services.names import (
    brand_find,
    brand_get_or_create,
    model_find,
    model_get_or_create,
)

BATCH = 1000


def brand_write(*, name: str, aliases: Iterable[str] = ()) -> tuple[Brand, bool]:
    """A brand with at least these aliases; whether anything was written.

    Raises:
        CatalogError: an alias means another brand already.
    """
    with transaction.atomic():
        brand, created = brand_get_or_create(name=name)
        missing = brand_aliases_missing(brand, aliases)
        BrandAlias.objects.bulk_create(BrandAlias(brand=brand, name=alias) for alias in missing)
    return brand, created or bool(missing)


def brand_aliases_missing(brand: Brand, aliases: Iterable[str]) -> list[str]:
    """Those that do not mean this brand yet. Raises CatalogError where one means another."""
    missing: list[str] = []
    for alias in aliases:
        owner = brand_find(name=alias)
        if owner is None:
            missing.append(alias)
        elif owner.pk != brand.pk:
            raise CatalogError(f"“{alias}” means the brand {owner.name} already.")
    return missing


def model_write(
    *, brand: Brand, name: str, aliases: Iterable[str] = (), fields: Mapping[str, str]
) -> tuple[ShoeModel, bool]:
    """A model with at least these aliases and these fields; whether anything was written.

    Args:
        fields: category, height, gender, closure, material, description; an empty one says
            nothing and leaves what is there.

    Raises:
        CatalogError: an alias means another model of the brand already.
    """
    said = {field: value for field, value in fields.items() if value}
    with transaction.atomic():
        model, created = model_get_or_create(brand=brand, name=name, **said)
        missing = model_aliases_missing(model, aliases)
        ShoeModelAlias.objects.bulk_create(
            ShoeModelAlias(brand=model.brand, model=model, name=alias) for alias in missing
        )
        changed = [field for field, value in said.items() if getattr(model, field) != value]
        if changed:
            for field in changed:
                setattr(model, field, said[field])
            model.save(update_fields=[*changed, "updated_at"])
            model_changed(model=model)
    return model, created or bool(missing or changed)


def model_aliases_missing(model: ShoeModel, aliases: Iterable[str]) -> list[str]:
    """Those that do not mean this model yet. Raises CatalogError where one means another."""
    missing: list[str] = []
    for alias in aliases:
        owner = model_find(brand=model.brand, name=alias)
        if owner is None:
            missing.append(alias)
        elif owner.pk != model.pk:
            raise CatalogError(f"“{alias}” means the model {owner} already.")
    return missing


def colorway_write(*, model: ShoeModel, name: str, style_code: str) -> tuple[Colorway, bool]:
    """A colorway by its code, else by its colours; whether anything was written.

    Raises:
        CatalogError: another colorway of the model has this colour text already.
    """
    code = style_code_clean(style_code)
    with transaction.atomic():
        before = Colorway.objects.filter(model=model, style_code="").count() if code else 0
        colorway, created = colorway_get_or_create(model=model, code=code, name=name)
        learned = (
            bool(code)
            and not created
            and before != (Colorway.objects.filter(model=model, style_code="").count())
        )
        renamed = False
        if name and colorway.name != name:
            renamed = colorway_rename(colorway=colorway, name=name)
            if not renamed:
                raise CatalogError(f"{model} has a colorway “{name}” already.")
        if renamed or learned:
            colorways_refresh([colorway.pk], touch=True)
    return colorway, created or renamed or learned


def model_changed(*, model: ShoeModel) -> None:
    """Carry a model's name, brand and kind to its colorways."""
    colorways_refresh(model.colorways.values_list("id", flat=True), touch=True, covers=False)


def brand_renamed(*, brand: Brand) -> None:
    """Carry a brand's name to the names that its colorways are sorted by."""
    rows = Colorway.objects.filter(brand=brand).select_related("model__brand").order_by("pk")
    batch: list[Colorway] = []
    for row in rows.iterator(chunk_size=BATCH):
        row.sort_name = sort_name_of(row.model, row.name)
        batch.append(row)
    Colorway.objects.bulk_update(batch, ["sort_name"], batch_size=BATCH)
