"""manage.py check tells a fusion that does not exist."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.test import override_settings


def told() -> list[str]:
    return [message.msg for message in run_checks() if message.id == "search.E001"]


@pytest.mark.parametrize("name", ["direction", "weicom:0.4"])
def test_a_fusion_that_exists_is_fine(name: str) -> None:
    with override_settings(SHOEFINDER_FUSION=name):
        assert told() == []


@pytest.mark.parametrize("name", ["", "magic", "sum:9"])
def test_another_is_told(name: str) -> None:
    with override_settings(SHOEFINDER_FUSION=name):
        [message] = told()
        assert "SHOEFINDER_FUSION" in message
