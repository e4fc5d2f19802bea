"""``manage.py find``: crops that are proposed, and chips that are corrected, as on the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from search.models import QueryPhoto
from tests.search.site import Site, jpeg
from tests.search.test_crop_editor import crop_of, two_shoes


@pytest.fixture
def photo(tmp_path: Path) -> str:
    path = tmp_path / "shoes.jpg"
    path.write_bytes(two_shoes())
    return str(path)


def answer(capsys: pytest.CaptureFixture[str], *asked: str) -> Any:
    call_command("find", *asked, "--json")
    return json.loads(capsys.readouterr().out)


def test_the_crop_is_the_one_of_the_page(
    site: Site, photo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, photo)
    assert [found["crop"]] == crop_of(site.photo_sent(two_shoes()))
    assert found["crops"] == QueryPhoto.objects.get().crops
    assert found["results"][0]["colours"] == ["red"]
    second = answer(capsys, photo, f"--crop={found['crops'][1]}")
    assert second["crop"] == found["crops"][1]
    assert second["results"][0]["colours"] == ["blue"]
    assert answer(capsys, photo, "--crop=0,0,1,1")["crop"] is None


def test_crops_are_listed_as_they_are_asked_for(
    site: Site, photo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    crops = answer(capsys, photo)["crops"]
    call_command("find", photo)
    told = capsys.readouterr().out
    assert "\nCompared: shoe 1\n" in told
    for label, crop in zip(("Shoe 1", "Shoe 2", "All of the photo"), (*crops, "0,0,1,1"),
                           strict=True):  # fmt: skip
        assert f"{label} --crop={crop}" in " ".join(told.split())
    call_command("find", photo, "--crop=0,0,0.9,0.9")
    assert "Compared: your own frame" in capsys.readouterr().out


def test_one_shoe_on_plain_ground_is_compared_whole(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "shoe.jpg"
    path.write_bytes(jpeg("red"))
    found = answer(capsys, str(path))
    assert (found["crop"], found["crops"]) == (None, [])
    call_command("find", str(path))
    assert "Compared" not in capsys.readouterr().out


def test_corrected_chips_count_instead_of_the_words(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, "", "red, fluffy", "--chip=change:colour:blue@0.5", "--text=soft")
    (chip,) = found["chips"]
    assert (chip["attribute"], chip["value"], chip["weight"]) == ("colour", "blue", 0.5)
    assert found["free_text"] == "soft"
    blue = answer(capsys, "", "red", "--chip=change:colour:blue")
    assert blue["results"][0]["colours"] == ["blue"]
    assert answer(capsys, "", "red", "--chip=none")["chips"] == []


@pytest.mark.parametrize(
    ("option", "said"),
    [("--chip=avoid:colour", "must say what"), ("--crop=1,2,3", "frame around the shoe"),
     ("--weight=2", "between 0 and 1"), ("--like=-1", "photo")],
)  # fmt: skip
def test_what_cannot_be_meant_is_told(site: Site, photo: str, option: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("find", photo, "red", option)
    assert not QueryPhoto.objects.exists()
