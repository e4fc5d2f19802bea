"""``manage.py find``: the search from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from search.models import QueryPhoto
from tests.search.site import Site, jpeg


def test_a_photo_and_words(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = tmp_path / "shoe.jpg"
    photo.write_bytes(jpeg("red"))
    call_command("find", str(photo), "same but blue", "--json", "--count=2", "--weight=0.9")
    found = json.loads(capsys.readouterr().out)
    assert found["chips"] == [
        {"mode": "change", "attribute": "colour", "value": "blue", "weight": 1.0}
    ]
    assert len(found["results"]) == 2
    assert found["results"][0]["colours"][0] == "blue"
    assert Path(found["results"][0]["photo"]).exists()
    assert not QueryPhoto.objects.exists()


@pytest.mark.parametrize(("pictures", "mark"), [("kitty", "\033_G"), ("iterm", "\033]1337;")])
def test_pictures_stand_between_the_lines(
    site: Site, capsys: pytest.CaptureFixture[str], pictures: str, mark: str
) -> None:
    call_command("find", "", "red, not leather, fluffy", "--count=1", f"--pictures={pictures}")
    told = capsys.readouterr().out
    assert "avoid   material leather" in told
    assert "fluffy" in told
    assert told.count(mark) >= 1


def test_what_cannot_be_searched_is_told(site: Site, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("find", str(tmp_path / "none.jpg"))
    notes = tmp_path / "notes.txt"
    notes.write_text("notes")
    with pytest.raises(CommandError, match=r"notes\.txt"):
        call_command("find", str(notes))
    with pytest.raises(CommandError, match="photo or a few words"):
        call_command("find", "")
    with pytest.raises(CommandError, match="--count"):
        call_command("find", "", "red", "--count=0")
