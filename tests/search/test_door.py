"""search is a door: its names are there, and nothing else is promised."""

from __future__ import annotations

import pytest

import search


def test_every_name_of_the_door_is_there() -> None:
    assert dir(search) == sorted(search.__all__)
    for name in search.__all__:
        assert getattr(search, name) is not None


def test_another_name_is_not() -> None:
    with pytest.raises(AttributeError, match="nothing_here"):
        search.nothing_here  # noqa: B018
