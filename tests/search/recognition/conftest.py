"""A shop whose models are known by their colours."""

from __future__ import annotations

import pytest

from tests.fakes import COLOURS
from tests.search.site import Site


@pytest.fixture
def shop(bare_site: Site, celery_calls: list[str]) -> Site:
    """Eight models, each of a colour of its own, with four photos."""
    for number, colour in enumerate(list(COLOURS)[:8]):
        brand = "Acme" if number % 2 else "Bolt"
        bare_site.shelf.colorway(
            colour, brand=brand, model=f"Model {number}", photos=4,
            height="high" if number % 2 else "low",
        )  # fmt: skip
    bare_site.shelf.publish()
    return bare_site
