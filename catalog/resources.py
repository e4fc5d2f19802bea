"""Brands, models and colorways as tables: what django-import-export reads and writes.

A row is cleaned and checked here, then written by the services; the same code serves the admin's
import with its preview and ``manage.py import_catalog``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import tablib
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from import_export import fields
from import_export.formats import base_formats
from import_export.resources import Diff, ModelResource

from catalog.exceptions import CatalogError, ImportRefused
from catalog.models import Brand, Category, Closure, Colorway, Gender, Height, ShoeModel
from catalog.services.colorways import colorway_find, colour_key_of, style_code_clean
from catalog.services.editing import (
    brand_aliases_missing,
    brand_write,
    colorway_write,
    model_aliases_missing,
    model_write,
)
from catalog.services.names import brand_find, brand_get_or_create, model_find, model_get_or_create
from catalog.tabular import csv_write, rows_read
from catalog.text import name_clean, text_clean, text_clean_lines
from catalog.types import MAX_NAME
from catalog.words import category_parse, gender_parse, height_guess

LINE, ERROR = "_line", "_error"
_STYLED = re.compile(r'<(ins|del) style="[^"]*">')


class _FromBytes:
    """Decoding is a part of reading, so that a file in another encoding is told as such."""

    def is_binary(self) -> bool:
        return True

    def get_read_mode(self) -> str:
        return "rb"


class SafeCSV(_FromBytes, base_formats.CSV):  # type: ignore[misc]
    """CSV that is read with care and written so that no spreadsheet runs a cell."""

    def create_dataset(self, in_stream: str | bytes, **kwargs: Any) -> tablib.Dataset:
        return dataset_of(in_stream, suffix="csv")

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> str:
        return csv_write(dataset.headers, dataset)


class SafeJSON(_FromBytes, base_formats.JSON):  # type: ignore[misc]
    """A JSON list of objects."""

    def create_dataset(self, in_stream: str | bytes, **kwargs: Any) -> tablib.Dataset:
        return dataset_of(in_stream, suffix="json")


FORMATS = (SafeCSV, SafeJSON)


def dataset_of(content: str | bytes, *, suffix: str) -> tablib.Dataset:
    """The rows of a file, with their lines, and with the reasons of those that cannot be read.

    Raises:
        ImportRefused: nothing of the file can be read.
    """
    raw = content.encode() if isinstance(content, str) else content
    columns, rows = rows_read(raw, suffix=suffix)
    columns = [name for name in columns if name]
    dataset = tablib.Dataset(headers=[*columns, LINE, ERROR])
    for row in rows:
        dataset.append([*(row.cells.get(name, "") for name in columns), row.line, row.error])
    return dataset


def dataset_chunks(dataset: tablib.Dataset, size: int) -> Iterator[tablib.Dataset]:
    """The same rows in pieces, each of which is written or not as one."""
    for start in range(0, len(dataset), size):
        yield tablib.Dataset(*dataset[start : start + size], headers=dataset.headers)


class PlainDiff(Diff):  # type: ignore[misc]
    """The preview's differences without inline style, which our security policy forbids."""

    def as_html(self) -> list[str]:
        return [_STYLED.sub(r"<\1>", cell) for cell in super().as_html()]


class CatalogResource(ModelResource):  # type: ignore[misc]
    """Rows are found by name and written by services; nothing is ever deleted."""

    required: Sequence[str] = ()

    class Meta:
        use_transactions = True
        report_skipped = True
        import_id_fields: Sequence[str] = ()

    @classmethod
    def get_diff_class(cls) -> type[PlainDiff]:
        return PlainDiff

    @classmethod
    def check_columns(cls, columns: Iterable[str]) -> None:
        """Raises ImportRefused where one that every row needs is missing."""
        missing = [name for name in cls.required if name not in columns]
        if missing:
            raise ImportRefused(f"The column “{missing[0]}” is missing.")

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        if row.get(ERROR):
            raise ValidationError(row[ERROR])
        try:
            self.check_columns(row)
        except ImportRefused as error:
            raise ValidationError(str(error)) from error
        try:
            self.parsed = self.parse(row)
        except CatalogError as error:
            raise ValidationError(str(error)) from error

    def get_instance(self, instance_loader: Any, row: dict[str, Any]) -> Any:
        return self.find()

    def import_instance(self, instance: Any, row: dict[str, Any], **kwargs: Any) -> None:
        """Services write the fields."""

    def skip_row(self, instance: Any, original: Any, row: Any, *args: Any, **kwargs: Any) -> bool:
        return instance.pk is not None and self._refused(lambda: self.is_unchanged(instance))

    def validate_instance(self, *args: Any, **kwargs: Any) -> None:
        """Done by `parse` and the services, with reasons for people."""

    def save_instance(self, instance: Any, is_create: bool, row: Any, **kwargs: Any) -> None:
        saved = self._refused(self.write)
        instance.__dict__.update(saved.__dict__)

    def save_m2m(self, *args: Any, **kwargs: Any) -> None:
        """Aliases are written with their owner."""

    def _refused(self, step: Callable[[], Any]) -> Any:
        try:
            return step()
        except CatalogError as error:
            raise ValidationError(str(error)) from error

    def parse(self, row: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def find(self) -> Any:
        raise NotImplementedError

    def is_unchanged(self, instance: Any) -> bool:
        raise NotImplementedError

    def write(self) -> Any:
        raise NotImplementedError


class BrandResource(CatalogResource):
    """Columns: name; aliases, parted by ";"."""

    required = ("name",)
    name = fields.Field("name", "name")
    aliases = fields.Field(column_name="aliases", readonly=True)

    class Meta(CatalogResource.Meta):
        model = Brand
        fields = ("name", "aliases")

    def get_queryset(self) -> QuerySet[Brand]:
        return Brand.objects.prefetch_related("aliases")

    def dehydrate_aliases(self, brand: Brand) -> str:
        return _joined(brand)

    def parse(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"name": _name(row, "name"), "aliases": _aliases(row)}

    def find(self) -> Brand | None:
        return brand_find(name=self.parsed["name"])

    def is_unchanged(self, instance: Brand) -> bool:
        return not brand_aliases_missing(instance, self.parsed["aliases"])

    def write(self) -> Brand:
        return brand_write(**self.parsed)[0]


class ShoeModelResource(CatalogResource):
    """Columns: brand, name; aliases, category, height, gender, closure, material, description.
    An empty cell leaves what is there."""

    required = ("brand", "name")
    brand = fields.Field("brand__name", "brand")
    name = fields.Field("name", "name")
    aliases = fields.Field(column_name="aliases", readonly=True)

    class Meta(CatalogResource.Meta):
        model = ShoeModel
        fields = ("brand", "name", "aliases", "category", "height", "gender", "closure",
                  "material", "description")  # fmt: skip
        export_order = fields

    def get_queryset(self) -> QuerySet[ShoeModel]:
        rows = ShoeModel.objects.filter(merged_into=None).select_related("brand")
        return rows.prefetch_related("aliases")

    def dehydrate_brand(self, model: ShoeModel) -> str:
        return model.brand.name if model.brand_id else ""

    def dehydrate_aliases(self, model: ShoeModel) -> str:
        return _joined(model)

    def parse(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "brand": _name(row, "brand"),
            "name": _name(row, "name"),
            "aliases": _aliases(row),
            "fields": {
                "category": _word(row, "category", category_parse, Category.values),
                "height": _word(row, "height", height_guess, Height.values),
                "gender": _word(row, "gender", gender_parse, Gender.values),
                "closure": _word(row, "closure", str.lower, Closure.values),
                "material": text_clean(row.get("material"), MAX_NAME),
                "description": text_clean_lines(row.get("description"), 5_000),
            },
        }

    def find(self) -> ShoeModel | None:
        brand = brand_find(name=self.parsed["brand"])
        return model_find(brand=brand, name=self.parsed["name"]) if brand else None

    def is_unchanged(self, instance: ShoeModel) -> bool:
        said = self.parsed["fields"].items()
        same = all(getattr(instance, field) == value for field, value in said if value)
        return same and not model_aliases_missing(instance, self.parsed["aliases"])

    def write(self) -> ShoeModel:
        brand, _ = brand_get_or_create(name=self.parsed["brand"])
        return model_write(**(self.parsed | {"brand": brand}))[0]


class ColorwayResource(CatalogResource):
    """Columns: brand, model; colour, style_code, of which one must be told. ``colours``, ``price``
    and ``available`` are written for the reader and not read back."""

    required = ("brand", "model")
    brand = fields.Field("brand__name", "brand")
    model_name = fields.Field("model__name", "model")
    colour = fields.Field("name", "colour")
    style_code = fields.Field("style_code", "style_code")
    colours = fields.Field("colour_key", "colours", readonly=True)
    price = fields.Field("price", "price", readonly=True)
    available = fields.Field("is_available", "available", readonly=True)

    class Meta(CatalogResource.Meta):
        model = Colorway
        fields = ("brand", "model_name", "colour", "style_code", "colours", "price", "available")

    def get_queryset(self) -> QuerySet[Colorway]:
        return Colorway.objects.select_related("model__brand").order_by("pk")

    def dehydrate_brand(self, row: Colorway) -> str:
        return row.model.brand.name if row.model_id else ""

    def dehydrate_model_name(self, row: Colorway) -> str:
        return row.model.name if row.model_id else ""

    def dehydrate_available(self, row: Colorway) -> str:
        return "1" if row.is_available else "0"

    def parse(self, row: dict[str, Any]) -> dict[str, Any]:
        parsed = {
            "brand": _name(row, "brand"),
            "model": _name(row, "model"),
            "name": text_clean(row.get("colour"), MAX_NAME),
            "style_code": text_clean(row.get("style_code"), 64),
        }
        if not parsed["name"] and not parsed["style_code"]:
            raise CatalogError("Neither “colour” nor “style_code” is told.")
        return parsed

    def _model(self) -> ShoeModel | None:
        brand = brand_find(name=self.parsed["brand"])
        return model_find(brand=brand, name=self.parsed["model"]) if brand else None

    def find(self) -> Colorway | None:
        model = self._model()
        if model is None:
            return None
        told = self.parsed
        return colorway_find(
            rows=list(model.colorways.select_related("model__brand").order_by("id")),
            code=style_code_clean(told["style_code"]),
            name=told["name"],
            colour_key=colour_key_of(told["name"]),
            retailer=None,
        )

    def is_unchanged(self, instance: Colorway) -> bool:
        told = self.parsed
        code = style_code_clean(told["style_code"])
        return (not told["name"] or instance.name == told["name"]) and (
            not code or instance.style_code == code
        )

    def write(self) -> Colorway:
        brand, _ = brand_get_or_create(name=self.parsed["brand"])
        model, _ = model_get_or_create(brand=brand, name=self.parsed["model"])
        told = self.parsed
        return colorway_write(model=model, name=told["name"], style_code=told["style_code"])[0]


RESOURCES: dict[str, type[CatalogResource]] = {
    "brands": BrandResource,
    "models": ShoeModelResource,
    "colorways": ColorwayResource,
}


def _name(row: dict[str, Any], column: str) -> str:
    name = name_clean(row.get(column))
    if not name:
        raise CatalogError(f"“{column}” is empty.")
    return name


def _aliases(row: dict[str, Any]) -> list[str]:
    parts = re.split(r"[;|]", str(row.get("aliases") or ""))
    names = {name.lower(): name for name in map(name_clean, parts) if name}
    return list(names.values())


def _joined(owner: Any) -> str:
    """Aliases in one cell; "" for a row that is not saved yet."""
    if owner.pk is None:
        return ""
    return "; ".join(sorted(alias.name for alias in owner.aliases.all()))


def _word(
    row: dict[str, Any], column: str, parse: Callable[[str], str], allowed: Sequence[str]
) -> str:
    told = text_clean(row.get(column), 100)
    if not told:
        return ""
    word = told.lower() if told.lower() in allowed else parse(told)
    if word not in allowed:
        raise CatalogError(f"“{told[:40]}” is not a {column}. Known are {', '.join(allowed)}.")
    return word
