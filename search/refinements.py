"""What a visitor said of answers, "more like this" and "not this one", as the page shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from catalog.models import ShoeImage
from search.query import MAX_REFINED, Query

Address = Callable[[Query], str]


@dataclass(frozen=True, slots=True)
class Refinement:
    """One shoe that was said to be more, or not, like what is sought."""

    image: ShoeImage
    name: str
    wanted: bool
    without: str
    """Address of the query with this taken back."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be said of one answer: addresses, "" where it cannot."""

    like: str = ""
    unlike: str = ""
    taken_back: str = ""
    """Of an answer that was said to be like what is sought."""


def refinements(query: Query, address: Address) -> tuple[Refinement, ...]:
    """In the order of the address. One query where there is anything, none else; photos that are
    gone meanwhile are left out."""
    wanted, unwanted = query.like, query.unlike
    if not (wanted or unwanted):
        return ()
    rows = ShoeImage.objects.select_related("colorway__model__brand")
    images = rows.in_bulk([*wanted, *unwanted])
    return tuple(
        Refinement(images[number], _name(images[number]), number in wanted,
                   address(query.unrefined(number)))
        for number in (*wanted, *unwanted)
        if number in images
    )  # fmt: skip


def choices(query: Query, image_id: int, address: Address) -> Choices:
    """What can be said of the answer that this photo leads."""
    if image_id in query.like:
        return Choices(taken_back=address(query.unrefined(image_id)))
    return Choices(
        like=address(query.refined(like=image_id)) if len(query.like) < MAX_REFINED else "",
        unlike=address(query.refined(unlike=image_id)) if len(query.unlike) < MAX_REFINED else "",
    )


def _name(image: ShoeImage) -> str:
    return str(image.colorway) if image.colorway else "a shoe that left the catalog"
