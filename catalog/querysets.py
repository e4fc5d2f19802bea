"""Questions that several places ask of the tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self, TypeVar

from django.db import models
from django.db.models import Value
from django.db.models.functions import Lower

M = TypeVar("M", bound=models.Model)


class NamedQuerySet(models.QuerySet[M]):
    """Rows that have a name, looked up as its unique constraint compares: by ``LOWER(name)``.

    Not ``name__iexact``: that compares in another way on each database and misses the index.
    """

    def named(self, name: str) -> Self:
        return self.alias(_lower=Lower("name")).filter(_lower=Lower(Value(name)))

    def named_any(self, names: Iterable[str]) -> Self:
        return self.alias(_lower=Lower("name")).filter(
            _lower__in=[Lower(Value(name)) for name in names]
        )
