"""Kinds of sources and their typed parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from crawler.exceptions import SourceInvalid
from crawler.kinds import (
    Kind,
    Params,
    kind_choices,
    kind_get,
    kinds_all,
    param,
    params_dump,
    params_load,
)
from crawler.kinds.base import parameters


@dataclass(frozen=True, kw_only=True)
class Told(Params):
    words: tuple[str, ...] = param((), "Words", "One a line.")
    most: int = param(5, "At most", "A number.", least=1, most=9)
    loud: bool = param(False, "Loud", "Or not.")
    way: str = param("a", "Way", "One of two.", choices=(("a", "A"), ("b", "B")))


MINE = Kind(
    key="mine", label="Mine", summary="Mine.", seeds_help="Mine.", spider="x.Y", params=Told
)


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("words", "a\n\n b \n", ("a", "b")),
        ("words", ["a", "b"], ("a", "b")),
        ("most", "9", 9),
        ("loud", "yes", True),
        ("loud", "off", False),
        ("way", "", "a"),
        ("way", "b", "b"),
        ("unknown", "1", None),
    ],
)
def test_values_become_typed(name: str, raw: Any, value: Any) -> None:
    assert getattr(params_load(Told, {name: raw}), name, None) == value


@pytest.mark.parametrize(
    ("name", "raw", "told"),
    [("most", "x", "whole number"), ("most", 10, "at most 9"), ("most", 0, "at least 1"),
     ("loud", "perhaps", "yes or no"), ("way", "c", "choose one of a, b")],
)  # fmt: skip
def test_what_a_kind_cannot_use_is_told(name: str, raw: Any, told: str) -> None:
    with pytest.raises(SourceInvalid, match=told):
        params_load(Told, {name: raw})


def test_only_what_differs_from_the_defaults_is_kept() -> None:
    params = Told(words=("a",), most=5, loud=True)

    assert params_dump(params) == {"words": ["a"], "loud": True}
    assert params_load(Told, params_dump(params)) == params


@pytest.mark.parametrize("kind", kinds_all(), ids=lambda kind: kind.key)
def test_every_kind_explains_itself_and_has_its_spider(kind: Kind) -> None:
    assert import_string(kind.spider).name
    assert kind.params() == params_load(kind.params, {})
    for one in parameters(kind.params):
        assert one.told.label
        assert one.told.help.endswith(".")


def test_settings_add_kinds(settings: Any) -> None:
    settings.SHOEFINDER_SOURCE_KINDS = [f"{__name__}.MINE"]

    assert kind_get("mine") is MINE
    assert ("mine", "Mine") in kind_choices()
    with pytest.raises(SourceInvalid, match="There is no kind of source “no”"):
        kind_get("no")
    settings.SHOEFINDER_SOURCE_KINDS = ["nowhere.KIND"]
    with pytest.raises(ImproperlyConfigured, match=r"nowhere\.KIND"):
        kinds_all()


@pytest.mark.parametrize("value", ["usd", "US", "EURO"])
def test_a_currency_is_a_code(value: str) -> None:
    with pytest.raises(SourceInvalid, match="ISO 4217"):
        params_load(kind_get("shopify").params, {"currency": value})
