"""What a page is about: its brand, model and colorway, found or made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.db import connection

from catalog.models import Brand, BrandAlias, Colorway, Listing, Retailer, ShoeModel
from catalog.selectors.titles import title_catalog
from catalog.services.colorways import (
    colorway_get_or_create,
    colorways_refresh,
    style_code_clean,
)
from catalog.services.names import (
    brand_find,
    brand_find_in_title,
    brand_get_or_create,
    model_find,
    model_get_or_create,
)
from catalog.titles import Resolution, TitleCatalog, title_parse, title_resolve
from catalog.types import ListingDraft
from catalog.words import category_parse, gender_parse, height_guess, model_name


@dataclass(frozen=True, slots=True)
class Identity:
    """What a page is about."""

    colorway: Colorway | None = None
    colorway_created: bool = False
    model_created: bool = False
    reading: Resolution | None = None
    """How its title was read, where the page itself does not tell the model."""


class NameLookup:
    """Brands and models by name, remembered for the drafts of one transaction.

    Never longer: a brand may be renamed and a model merged by somebody else. Within a transaction
    the model is locked when it is used (`_locked`), so that a merge in between is seen.
    """

    def __init__(self, brands: Iterable[str] = ()) -> None:
        """``brands``: names that will be asked for, looked up together."""
        found = Brand.objects.filter(name__in=set(brands) - {""}).order_by()
        self._brands: dict[str, Brand] = {brand.name: brand for brand in found}
        self._brand_names: dict[int, list[str]] = {}
        self._models: dict[tuple[int, str], ShoeModel] = {}

    @cached_property
    def titles(self) -> TitleCatalog:
        """All names, for titles that have to be read."""
        return title_catalog()

    def brand(self, name: str) -> Brand:
        if name not in self._brands:
            self._brands[name] = brand_get_or_create(name=name)[0]
        return self._brands[name]

    def brand_names(self, brand: Brand) -> list[str]:
        if brand.pk not in self._brand_names:
            # With those of the others, which may be asked for next.
            brands = {one.pk: one.name for one in (brand, *self._brands.values())}
            self._brand_names.update((number, [name]) for number, name in brands.items())
            aliases = BrandAlias.objects.filter(brand__in=brands).order_by()
            for number, alias in aliases.values_list("brand_id", "name"):
                self._brand_names[number].append(alias)
        return self._brand_names[brand.pk]

    def model(self, brand: Brand, name: str, said: dict[str, str]) -> tuple[ShoeModel, bool]:
        """The model, and whether it was made now."""
        key = (brand.pk, name)
        if key in self._models:
            return self._models[key], False
        self._models[key], created = model_get_or_create(brand=brand, name=name, **said)
        return self._models[key], created


def draft_identify(
    retailer: Retailer,
    draft: ListingDraft,
    current: Colorway | None,
    *,
    names: NameLookup | None = None,
) -> Identity:
    """The colorway that a draft is about, found or made.

    A page that tells the model, or whose title is a plain name after the brand, is believed. Any
    other title is read (catalog.titles), and only a model that the catalog has comes of it.

    The model is locked before listing and colorways, here and when models are merged.
    """
    names = names or NameLookup()
    if draft.brand:
        brand = names.brand(draft.brand)
    else:
        found = brand_find_in_title(title=draft.title)
        if found is None:
            return _read(retailer, draft, None, current, names)
        brand = found
    if not draft.model and title_parse(draft.title, brand=brand.name).is_typed:
        return _read(retailer, draft, brand, current, names)
    name, colour = _model_name(draft, brand, names)
    if not name:
        return _read(retailer, draft, brand, current, names)
    said = _said_of_model(draft, name)
    model, model_created = names.model(brand, name, said)
    if not model_created:
        model = _locked(model)
        _complete(model, said)
    code = style_code_clean(draft.mpn or draft.sku)
    colorway, created = colorway_get_or_create(
        model=model,
        code=code,
        name=colour,
        retailer=None if draft.mpn else retailer,
        current=current,
        model_is_new=model_created,
        offer=draft,
    )
    return Identity(colorway, created, model_created)


def _read(
    retailer: Retailer,
    draft: ListingDraft,
    brand: Brand | None,
    current: Colorway | None,
    names: NameLookup,
) -> Identity:
    """What the title says, where it is sure; else how far it could be read."""
    parsed = title_parse(
        draft.title,
        brands=names.titles.brands,
        brand=brand.name if brand else "",
        colour=draft.colour,
    )
    reading = title_resolve(parsed, names.titles)
    code = style_code_clean(draft.mpn or parsed.style_code)
    model = model_by_code(code, brand=parsed.brand)
    if model is None and reading.confidence >= settings.SHOEFINDER_TITLE_CONFIDENCE:
        model = ShoeModel.objects.filter(pk=reading.candidates[0].model_id).first()
    if model is None:
        return Identity(reading=reading)
    model = _locked(model)
    colorway, created = colorway_get_or_create(
        model=model,
        code=code,
        name=draft.colour or parsed.colour_name,
        retailer=None,
        current=current,
        offer=draft,
    )
    return Identity(colorway, created, False, reading)


def model_by_code(code: str, *, brand: str) -> ShoeModel | None:
    """The one model that a maker's style code belongs to; None if the brand is another."""
    if len(code) < 6:
        return None
    rows = Colorway.objects.filter(style_code=code).select_related("model__brand")
    found = {row.model_id: row.model for row in rows[:3]}
    if len(found) != 1:
        return None
    (model,) = found.values()
    return model if brand in {"", model.brand.name} else None


def _locked(model: ShoeModel) -> ShoeModel:
    """Against a merge at the same time: whoever comes second sees what the first one wrote."""
    if not connection.features.has_select_for_update:
        return model  # SQLite: this transaction is the only one that writes.
    rows = ShoeModel.objects.select_related("brand").select_for_update(of=("self",), no_key=True)
    model = rows.get(pk=model.pk)
    return rows.get(pk=model.merged_into_id) if model.merged_into_id else model


def _model_name(draft: ListingDraft, brand: Brand, names: NameLookup) -> tuple[str, str]:
    """The model's name and the colour text; aliases are read only where the name may begin
    with one."""
    known = [brand.name, draft.brand]
    told = (draft.model or draft.title).lower()
    if not any(name and told.startswith(name.lower()) for name in known):
        known += names.brand_names(brand)
    return model_name(group=draft.model, title=draft.title, colour=draft.colour, brand_names=known)


def model_of_published(listing: Listing) -> ShoeModel | None:
    """The model that a listing's page names, as far as the catalog knows it."""
    told = listing.published
    name = told.get("brand", "")
    brand = brand_find(name=name) if name else brand_find_in_title(title=listing.title)
    if brand is None:
        return None
    draft = ListingDraft(
        url=listing.url,
        title=listing.title,
        brand=name,
        model=told.get("model", ""),
        colour=told.get("colour", ""),
    )
    model, _ = _model_name(draft, brand, NameLookup())
    return model_find(brand=brand, name=model) if model else None


def _said_of_model(draft: ListingDraft, name: str) -> dict[str, str]:
    return {
        "category": category_parse(draft.category, title=draft.title),
        "height": height_guess(name, draft.title, draft.category),
        "gender": gender_parse(draft.gender),
        "material": draft.material,
        "description": draft.description,
    }


def _complete(model: ShoeModel, said: dict[str, str]) -> None:
    """Fill what the model does not say yet; what it says stays, so that two shops that differ
    do not write in turns."""
    missing = [field for field, value in said.items() if value and not getattr(model, field)]
    for field in missing:
        setattr(model, field, said[field])
    if missing:
        model.save(update_fields=[*missing, "updated_at"])
        if {"category", "height", "gender"} & set(missing):
            colorways_refresh(model.colorways.values_list("id", flat=True), covers=False)
