"""The JSON API: crops that are proposed, and where an answer resembles the photo."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from catalog.models import ShoeImage
from search.models import QueryPhoto
from tests.search.site import Site, jpeg, problem, upload
from tests.search.test_crop_editor import two_shoes
from tests.search.test_reasons import GRID, PatchedEncoder

ROOT = "/api/v1"


@pytest.fixture
def patched(site: Site, settings: Any) -> Site:
    """The site, its encoder one that gives patches and the same vectors."""
    backend = f"{PatchedEncoder.__module__}.{PatchedEncoder.__name__}"
    settings.SHOEFINDER_ENCODERS = {
        name: {**spec, "BACKEND": backend} for name, spec in settings.SHOEFINDER_ENCODERS.items()
    }
    return site


def token_of(site: Site, content: bytes) -> str:
    sent = site.client.post(f"{ROOT}/photos", {"file": upload(content)})
    assert sent.status_code == 201
    token: str = sent.json()["token"]
    return token


def test_each_shoe_of_a_photo_is_proposed_as_crop_takes_it(site: Site) -> None:
    token = token_of(site, two_shoes())
    crops = site.client.get(f"{ROOT}/photos/{token}/crops").json()["crops"]
    assert len(crops) == 2
    assert QueryPhoto.objects.get().crops == crops
    found = [
        site.client.get(f"{ROOT}/search", {"photo": token, "crop": crop}).json() for crop in crops
    ]
    assert [one["results"][0]["shoe"]["colours"][0] for one in found] == ["red", "blue"]


def test_a_photo_that_is_best_compared_whole_has_no_crops(site: Site) -> None:
    token = token_of(site, jpeg("red"))
    assert site.client.get(f"{ROOT}/photos/{token}/crops").json() == {"crops": []}


def test_crops_of_a_photo_that_is_gone(site: Site) -> None:
    found = problem(site.client.get(f"{ROOT}/photos/gone/crops"))
    assert found["status"] == 410
    assert "no longer kept" in found["detail"]


def test_where_an_answer_resembles_the_photo(patched: Site) -> None:
    token = token_of(patched, two_shoes())
    asked = {"photo": token, "crop": "0,0,0.5,1", "q": "red"}
    first = patched.client.get(f"{ROOT}/search", asked).json()["results"][0]
    answer = patched.client.get(f"{ROOT}/where/{first['photo']['id']}", asked)
    assert answer.status_code == 200, answer.content
    found = answer.json()
    for side in ("asked", "answer"):
        heat = found[side]["heat"]
        assert [len(row) for row in heat] == [GRID] * GRID
        assert max(map(max, heat)) == 1
        assert min(map(min, heat)) == 0
    assert (found["asked"]["width"], found["asked"]["height"]) == (240, 200)
    page = patched.client.get(found["url"])
    assert page.content.decode().count("data:image/jpeg") == 2


def test_where_an_answer_resembles_what_is_liked(patched: Site) -> None:
    one, other = ShoeImage.objects.order_by("id")[:2]
    asked: dict[str, Any] = {"q": "red", "like": one.pk}
    assert patched.client.get(f"{ROOT}/where/{other.pk}", asked).status_code == 200


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [("{image}?q=red", 400, "made by words"), ("{image}", 400, "made by words"),
     ("{image}?photo=gone", 410, "no longer kept"), ("999999?photo={photo}", 404, "nothing at"),
     ("99999999999999999999?photo={photo}", 404, "nothing at"),
     ("{image}?photo={photo}&crop=1,2,3", 400, "frame around the shoe"),
     ("{image}?photo={photo}&page=two", 422, "page")],
)  # fmt: skip
def test_where_there_is_nothing_to_compare(
    patched: Site, address: str, status: int, said: str
) -> None:
    image = ShoeImage.objects.order_by("id")[0].pk
    filled = address.format(image=image, photo=token_of(patched, jpeg()))
    found = problem(patched.client.get(f"{ROOT}/where/{filled}"))
    assert found["status"] == status
    assert said in found["detail"]


def test_an_encoder_without_patches_cannot_tell_where(site: Site) -> None:
    image = ShoeImage.objects.order_by("id")[0].pk
    found = problem(site.client.get(f"{ROOT}/where/{image}", {"photo": token_of(site, jpeg())}))
    assert found["status"] == 400
    assert "encoder cannot tell" in found["detail"]


def test_both_count_as_requests(patched: Site, settings: Any) -> None:
    token = token_of(patched, jpeg())
    image = ShoeImage.objects.order_by("id")[0].pk
    settings.SHOEFINDER_API_RATE = "1/d"
    for number, address in enumerate((f"photos/{token}/crops", f"where/{image}?photo={token}")):
        client = Client(REMOTE_ADDR=f"192.0.2.{40 + number}")
        codes = [client.get(f"{ROOT}/{address}").status_code for _ in range(2)]
        assert codes == [200, 429]
