"""A site with two encoders to choose from, for tests of changing them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.management import call_command

from search.models import EncoderSwitch
from search.services import (
    embed_pending,
    encoder_switch_request,
    encoder_switch_run,
    switch_run,
)
from tests.search.indexing import (
    configure,
    make_colorway,
    store_photos,
)


class Shop(NamedTuple):
    """A site with two encoders to choose from, ``old`` of which answers."""

    old: str
    new: str
    folder: Path


@pytest.fixture
def shop(settings: Any, tmp_path: Path) -> Shop:
    configure(settings, tmp_path, store="faiss")
    settings.SHOEFINDER_QUERIES = tmp_path / "queries.csv"
    revision = settings.SHOEFINDER_ENCODERS["fake"]["OPTIONS"]["revision"]
    backend = "tests.fakes.FakeEncoder"
    settings.SHOEFINDER_ENCODERS = {
        name: {"BACKEND": backend, "OPTIONS": {"name": name, "revision": revision}}
        for name in ("old", "new", "third")
    } | {"blind": {"BACKEND": "tests.search.switching.Blind"}}
    settings.SHOEFINDER_ENCODER = "old"
    red = make_colorway("Red", style_code="R1")
    store_photos(3, colorway=red)
    store_photos(2, start=10, colorway=make_colorway("Blue", style_code="B1"))
    embed_pending()
    return Shop(f"old@{revision}+grid", f"new@{revision}+grid", tmp_path)


class Blind:
    """Sees nothing in anything: every photo and every word is the same to it."""

    id, dim = "blind@1+none", 4

    def encode_images(self, images: Any) -> Any:
        import numpy as np

        return np.tile(np.float32([1, 0, 0, 0]), (len(images), 1))

    encode_texts = encode_images


def ask(name: str = "new", **options: Any) -> EncoderSwitch:
    return encoder_switch_request(name=name, trigger=EncoderSwitch.Trigger.COMMAND, **options)


def switch_to(name: str = "new", **options: Any) -> EncoderSwitch:
    switch = ask(name, **options)
    encoder_switch_run(switch_id=switch.pk)
    switch.refresh_from_db()
    return switch


def manage(*arguments: str, capsys: pytest.CaptureFixture[str]) -> Any:
    call_command("encoder", *arguments, "--json")
    return json.loads(capsys.readouterr().out)


def stop_at(monkeypatch: pytest.MonkeyPatch, stage: str) -> Callable[[], None]:
    """As if the process died when it begins ``stage``; call the result to mend it."""

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    patch = pytest.MonkeyPatch()
    patch.setattr(switch_run._Run, stage, die)
    return patch.undo
