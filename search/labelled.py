"""The owner's labelled queries: what the answer to a search should be, and how encoders compare.

A CSV file (``SHOEFINDER_QUERIES``, docs/encoders.md) with the columns ``photo`` (a path beside the
file), ``words``, and the right answer: ``style_code`` of a colorway, or ``model`` with its brand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import comb
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from catalog.exceptions import ImportRefused, PhotoRejected
from catalog.images import photo_measure
from catalog.selectors import ColorwayCard
from catalog.tabular import Row, rows_read
from search.encoders import Encoder
from search.engine import search
from search.exceptions import LabelsError, QueryError
from search.queries import query_photo_create, upload_limits
from search.query import Query
from search.stores import get_store

FIRST: Final = 10
"""Results among which the right one is looked for."""
SIGNIFICANT: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledQuery:
    """A search and its right answer."""

    photo: Path | None
    words: str
    style_code: str
    model: str

    def is_answered_by(self, card: ColorwayCard) -> bool:
        if self.style_code:
            return card.style_code.casefold() == self.style_code.casefold()
        return f"{card.brand} {card.model}".casefold() == self.model.casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How two encoders answered the same labelled queries."""

    queries: int
    old_first: int
    """Queries whose right answer came first with the old encoder."""
    new_first: int
    old_among: int
    """Queries whose right answer was among the first ten."""
    new_among: int
    better: int
    """Queries whose right answer stands higher with the new encoder."""
    worse: int

    @property
    def chance(self) -> float:
        """One-sided sign test: how likely so few ``better`` are if both were alike."""
        decided = self.better + self.worse
        return float(sum(comb(decided, k) for k in range(self.better + 1)) / 2**decided)

    @property
    def is_worse(self) -> bool:
        return self.worse > self.better and self.chance < SIGNIFICANT

    def __str__(self) -> str:
        return (
            f"Of {self.queries} labelled queries {self.new_first} are answered first "
            f"({self.old_first} before), {self.new_among} among the first ten "
            f"({self.old_among} before); {self.better} better, {self.worse} worse."
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def labelled_queries() -> list[LabelledQuery]:
    """All of them; none when there is no such file. Raises LabelsError, naming the line."""
    path = Path(settings.SHOEFINDER_QUERIES)
    if not path.is_file():
        return []
    try:
        columns, rows = rows_read(path.read_bytes(), suffix="csv")
        if not {"style_code", "model"} & set(columns):
            raise LabelsError(f"{path} needs a column `style_code` or `model`: the right answer.")
        return [_query(path, row) for row in rows]
    except (OSError, ImportRefused) as error:
        raise LabelsError(f"{path} cannot be read: {error}") from error


def compare(
    queries: Sequence[LabelledQuery],
    *,
    old: Encoder,
    new: Encoder,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Ask both, each with its own index, by the way of every search."""
    places = []
    for query in queries:
        places.append((_place(query, old), _place(query, new)))
        if progress:
            progress(len(places), len(queries))
    return Comparison(
        queries=len(queries),
        old_first=sum(before == 1 for before, _ in places),
        new_first=sum(after == 1 for _, after in places),
        old_among=sum(before <= FIRST for before, _ in places),
        new_among=sum(after <= FIRST for _, after in places),
        better=sum(after < before for before, after in places),
        worse=sum(after > before for before, after in places),
    )


def _place(query: LabelledQuery, encoder: Encoder) -> int:
    """Of the first right result, from 1; one more than `FIRST` when there is none."""
    store = get_store(encoder_id=str(encoder.id), dim=encoder.dim)
    with _token(query.photo) as photo:
        try:
            asked = Query(photo=photo, words=query.words)
            found = search(asked, per_page=FIRST, encoder=encoder, store=store)
        except QueryError:  # such as words that name nothing: no answer
            return FIRST + 1
    right = (n for n, r in enumerate(found.results, 1) if query.is_answered_by(r.card))
    return next(right, FIRST + 1)


@contextmanager
def _token(photo: Path | None) -> Iterator[str]:
    if photo is None:
        yield ""
        return
    kept = query_photo_create(photo.read_bytes())
    try:
        yield kept.token
    finally:
        kept.file.delete(save=False)
        kept.delete()


def _query(path: Path, row: Row) -> LabelledQuery:
    line, cells = row.line, row.cells
    if row.error:
        raise LabelsError(f"{path}, line {line}: {row.error}")
    photo, words = cells.get("photo", "").strip(), cells.get("words", "").strip()
    query = LabelledQuery(
        photo=path.parent / photo if photo else None,
        words=words,
        style_code=cells.get("style_code", "").strip(),
        model=cells.get("model", "").strip(),
    )
    if not (photo or words):
        raise LabelsError(f"{path}, line {line}: give a `photo` or `words` to search with.")
    if not (query.style_code or query.model):
        raise LabelsError(f"{path}, line {line}: say the right `style_code` or `model`.")
    try:
        Query(words=words)
        if query.photo is not None:
            photo_measure(query.photo.read_bytes(), limits=upload_limits())
    except OSError as error:
        raise LabelsError(f"{path}, line {line}: {query.photo}: {error.strerror}.") from error
    except (PhotoRejected, QueryError) as error:
        raise LabelsError(f"{path}, line {line}: {error}") from error
    return query
