"""Near-identical models found by their names, and united when a person says so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Final

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count
from rapidfuzz.distance import DamerauLevenshtein

from catalog.exceptions import MergeError
from catalog.models import MergeSuggestion, ShoeModel
from catalog.services.merging import model_merge

YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b|['’]\d\d\b")
LEAST: Final = 0.9
BLOCK: Final = 400
"""Names compared with each other at once; a brand with more is cut by their first letters."""

Status = MergeSuggestion.Status


def suggestions_find() -> int:
    """Compare the names of each brand's models; how many new suggestions there are.

    A pair that somebody declined or united is not suggested again.
    """
    known = set(MergeSuggestion.objects.values_list("source_id", "target_id"))
    known |= {(target, source) for source, target in known}
    models = (
        ShoeModel.objects.filter(merged_into=None)
        .annotate(count=Count("colorways"))
        .order_by("brand_id", "pk")
    )
    fresh: list[MergeSuggestion] = []
    for group in _blocks(models.iterator(chunk_size=2_000)):
        for one, other in combinations(group, 2):
            found = likeness(one.name, other.name)
            if found is None or (one.pk, other.pk) in known:
                continue
            source, target = sorted((one, other), key=lambda m: (m.count, -m.pk))  # type: ignore[attr-defined]
            score, reason = found
            fresh.append(
                MergeSuggestion(source=source, target=target, name_score=score, reason=reason)
            )
    MergeSuggestion.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=500)
    return len(fresh)


def likeness(one: str, other: str) -> tuple[float, str] | None:
    """How near two names of a brand are, and why; None where they are two models.

    "UltraBoost 2019" and "UltraBoost 2020" differ by their year, "Ultra Boost" by a blank,
    "Ultrabost" by a letter. Other numbers, versions and heights make two models.
    """
    a, b = _plain(one), _plain(other)
    if a == b:
        return 1.0, "spelling"
    no_year = _plain(YEAR.sub(" ", one)), _plain(YEAR.sub(" ", other))
    if no_year[0] == no_year[1] and no_year[0]:
        return 0.97, "year"
    if re.sub(r"\D", "", a) != re.sub(r"\D", "", b) or min(len(a), len(b)) < 6:
        return None
    words = set(re.findall(r"\w+", one.lower())) ^ set(re.findall(r"\w+", other.lower()))
    if any(len(word) < 5 for word in words):
        return None
    score = DamerauLevenshtein.normalized_similarity(a, b)
    return (round(score, 4), "typing error") if score >= LEAST else None


def suggestions_unite(
    *, suggestions: Iterable[MergeSuggestion], by: AbstractBaseUser | None = None
) -> tuple[int, list[str]]:
    """Merge each pair (`model_merge`, which can be undone); how many, and why others were not."""
    united, refused = 0, []
    for suggestion in suggestions:
        try:
            with transaction.atomic():
                row = (
                    MergeSuggestion.objects.select_for_update(of=("self",))
                    .select_related("source__brand", "target__brand", "target__merged_into__brand")
                    .get(pk=suggestion.pk)
                )
                if row.status == Status.UNITED:
                    continue
                # Of a chain A → B → C the second may find its target merged by the first.
                target = row.target.merged_into or row.target
                row.merge = model_merge(source=row.source, target=target, by=by)
                row.status = Status.UNITED
                row.save(update_fields=["merge", "status", "updated_at"])
                united += 1
        except (MergeError, MergeSuggestion.DoesNotExist) as error:
            refused.append(str(error))
    return united, refused


def suggestions_decline(*, suggestions: Iterable[MergeSuggestion]) -> int:
    """These are two models: not suggested again. How many."""
    numbers = [row.pk for row in suggestions]
    return MergeSuggestion.objects.filter(pk__in=numbers, status=Status.WAITING).update(
        status=Status.DECLINED
    )


def _blocks(models: Iterable[ShoeModel]) -> Iterable[Sequence[ShoeModel]]:
    brands: dict[int, list[ShoeModel]] = {}
    for model in models:
        brands.setdefault(model.brand_id, []).append(model)
    for group in brands.values():
        if len(group) <= BLOCK:
            yield group
            continue
        letters: dict[str, list[ShoeModel]] = {}
        for model in group:
            letters.setdefault(_plain(model.name)[:2], []).append(model)
        yield from letters.values()


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())
