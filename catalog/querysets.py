"""Questions that several places ask of the tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from django.db import models
from django.db.models import Value
from django.db.models.functions import Lower

M = TypeVar("M", bound=models.Model)


def named(rows: models.QuerySet[M], name: str) -> models.QuerySet[M]:
    """Rows of a name, compared as its unique constraint does: by ``LOWER(name)``.

    Not ``name__iexact``: that compares in another way on each database and misses the index.
    """
    return named_any(rows, [name])


def named_any(rows: models.QuerySet[M], names: Iterable[str]) -> models.QuerySet[M]:
    """Rows of any of the names."""
    wanted = [Lower(Value(name)) for name in names]
    # Ordered by a bare column: compiling `LOWER(name)` again costs more than the look-up.
    rows = rows.order_by("pk")
    found: models.QuerySet[M] = rows.alias(_lower=Lower("name")).filter(_lower__in=wanted)  # type: ignore[assignment]
    return found
