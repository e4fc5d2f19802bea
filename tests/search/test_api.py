"""The JSON API: the same answers as the page, and every error as a problem."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Colorway, ShoeImage
from search.models import QueryPhoto
from tests.search.site import Site, jpeg, problem, upload

ROOT = "/api/v1"


def get(site: Site, address: str, **params: Any) -> Any:
    answer = site.client.get(ROOT + address, params)
    assert answer.status_code == 200, answer.content
    return answer.json()


def post_json(site: Site, body: object, address: str = "/search") -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return site.client.post(ROOT + address, text, content_type="application/json")


def colours(found: Any) -> list[str]:
    return [result["shoe"]["colours"][0] for result in found["results"]]


def test_search_by_words(site: Site) -> None:
    found = get(site, "/search", q="red shoe")
    assert colours(found)[0] == "red"
    assert (found["total"], found["has_next"], found["next"]) == (5, False, None)
    first = found["results"][0]
    assert first["shoe"]["price"] == "89.50"
    assert (first["shoe"]["shop"], first["shoe"]["currency"]) == ("Shop", "USD")
    assert len(first["others"]) == 2
    stages = {"decode", "encode", "store", "identify", "rerank", "hydrate"}
    assert set(found["timings"]) == stages
    thumbnail = urlsplit(first["photo"]["thumbnail"]).path
    assert site.client.get(thumbnail)["Content-Type"] == "image/webp"


def test_filters_are_those_of_the_page(site: Site) -> None:
    found = get(site, "/search", q="shoe", brand=["acme"], colour=["red", "blue"])
    assert sorted(colours(found)) == ["blue", "red"]


def test_pages(site: Site) -> None:
    first = get(site, "/search", q="red", per_page=2)
    assert first["has_next"]
    second = site.client.get(first["next"]).json()
    assert second["page"] == 2
    assert not set(colours(first)) & set(colours(second))
    assert len(second["results"]) == 2


def test_a_photo_is_sent_once_and_searched_with(site: Site) -> None:
    sent = site.client.post(ROOT + "/photos", {"file": upload(jpeg("blue"))})
    assert sent.status_code == 201
    kept = sent.json()
    assert colours(get(site, "/search", photo=kept["token"]))[0] == "blue"
    assert site.client.get(urlsplit(kept["url"]).path).status_code == 200
    named = get(site, "/identify", photo=kept["token"])
    assert named["candidates"]
    QueryPhoto.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for address in ("/search", "/identify"):
        gone = problem(site.client.get(ROOT + address, {"photo": kept["token"]}))
        assert gone["status"] == 410


def test_photo_and_words_in_one_request(site: Site) -> None:
    answer = site.client.post(
        ROOT + "/search",
        {"file": upload(jpeg("red")), "q": "but blue", "weight": "0.9", "per_page": "1"},
    )
    found = answer.json()
    assert colours(found) == ["blue"]
    assert found["identification"]["candidates"]
    assert QueryPhoto.objects.get().token in found["query"]


def test_json_body(site: Site) -> None:
    body = {"q": "red", "brand": ["acme"], "available": True, "price_max": "100", "per_page": 1}
    answer = post_json(site, body)
    assert answer.status_code == 200
    assert colours(answer.json()) == ["red"]
    photo = ShoeImage.objects.filter(colorway__colour_key="green").get()
    alike = post_json(site, {"image": photo.pk, "weight": 0.2, "page": 1}).json()
    assert "green" not in colours(alike)


@pytest.mark.parametrize(
    ("body", "status"),
    [('{"q":', 400), ("[]", 422), ('{"words": "red"}', 422), ('{"q": 5}', 422),
     ('{"q": "red", "weight": 7}', 400), ("{}", 400), ('{"q": "red", "per_page": 1000}', 422),
     ('{"q": "red", "page": -1}', 400), ('{"q": "red", "colour": ["ultraviolet"]}', 400),
     ('{"q": "\\u0000"}', 400)],
)  # fmt: skip
def test_bodies_that_cannot_be_meant(site: Site, body: str, status: int) -> None:
    assert problem(post_json(site, body))["status"] == status


@pytest.mark.parametrize("per_page", ["0", "1000", "many"])
def test_forms_that_cannot_be_meant(site: Site, per_page: str) -> None:
    answer = site.client.post(ROOT + "/search", {"q": "red", "per_page": per_page})
    assert problem(answer)["status"] == 422


def test_a_body_of_another_kind(site: Site) -> None:
    answer = site.client.post(ROOT + "/search", "red", content_type="text/plain")
    assert problem(answer)["status"] == 415


def test_a_json_body_over_the_cap(site: Site, settings: Any) -> None:
    settings.SHOEFINDER_UPLOAD_MAX_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = post_json(site, {"q": "x" * 5000})
    assert problem(answer)["status"] == 413


@pytest.mark.parametrize(
    ("params", "status"),
    [("", 400), ("q=%20", 400), ("q=" + "x" * 10_000, 400), ("q=red&page=0", 400),
     ("q=red&page=51", 400), ("q=red&page=two", 422), ("q=red&weight=nan", 400),
     ("q=red&brand=%00", 400), ("q=red&price_min=-1", 400), ("q=red&per_page=0", 422),
     ("image=999999", 400), ("photo=..", 400), ("image=1&photo=x", 400)],
)  # fmt: skip
def test_forged_parameters(site: Site, params: str, status: int) -> None:
    assert problem(site.client.get(f"{ROOT}/search?{params}"))["status"] == status


def test_without_an_index_the_api_says_when_to_come_back(bare_site: Site) -> None:
    bare_site.shelf.colorway("red")
    answer = bare_site.client.get(ROOT + "/search", {"q": "red"})
    assert problem(answer)["status"] == 503
    assert int(answer["Retry-After"]) > 0


def test_what_the_operator_must_mend(site: Site, settings: Any) -> None:
    settings.SHOEFINDER_ENCODER = "nowhere"
    found = problem(site.client.get(ROOT + "/search", {"q": "red"}))
    assert found["status"] == 503
    assert "nowhere" not in found["detail"]


def test_identify(site: Site) -> None:
    answer = site.client.post(ROOT + "/identify", {"file": upload(jpeg("green"))})
    assert answer.json()["candidates"][0]["model"] == "Borea Trail"
    assert not QueryPhoto.objects.exists()
    photo = ShoeImage.objects.filter(colorway__colour_key="black").get()
    assert get(site, "/identify", image=photo.pk)["candidates"]
    assert problem(site.client.get(ROOT + "/identify"))["status"] == 400
    assert problem(site.client.get(ROOT + "/identify?image=99999"))["status"] == 404


def test_the_field_of_the_photo_is_named(site: Site) -> None:
    found = problem(site.client.post(ROOT + "/photos", {"photo": upload(jpeg())}))
    assert found["status"] == 422
    assert "file" in found["detail"]


class TestCatalog:
    def test_shoes_with_filters_and_pages(self, site: Site) -> None:
        first = get(site, "/shoes", brand="acme", per_page=3, sort="price")
        assert first["total"] == 4
        assert [shoe["price"] for shoe in first["items"]] == ["60.00", "89.50", "120.00"]
        rest = site.client.get(first["next"]).json()
        assert [shoe["colours"] for shoe in rest["items"]] == [["white"]]
        assert (rest["has_next"], rest["next"]) == (False, None)

    def test_one_shoe(self, site: Site) -> None:
        colorway = Colorway.objects.get(colour_key="red")
        found = get(site, f"/shoes/{colorway.pk}")
        assert len(found["photos"]) == 3
        assert found["listings"][0]["shop"] == "Shop"
        assert [other["colours"] for other in found["others"]] == [["blue"]]

    def test_brands_and_models(self, site: Site) -> None:
        brands = get(site, "/brands")["items"]
        assert [(b["name"], b["slug"], b["models"]) for b in brands] == [
            ("Acme", "acme", 2),
            ("Borea", "borea", 1),
        ]
        models = get(site, "/models", brand="acme")
        assert [model["name"] for model in models["items"]] == ["Court", "Runner"]
        assert models["next"] is None

    @pytest.mark.parametrize(
        ("address", "status"),
        [("/shoes/999999", 404), ("/shoes/" + "9" * 30, 404), ("/shoes?sort=worst", 422),
         ("/shoes?colour=ultraviolet", 400), ("/shoes?page=0", 422), ("/models?brand=none", 404),
         ("/models?brand=%00", 404), ("/models?brand=acme&page=0", 400), ("/models", 422),
         ("/nothing", 404), ("/docs/x", 404)],
    )  # fmt: skip
    def test_what_is_not_there(self, site: Site, address: str, status: int) -> None:
        assert problem(site.client.get(ROOT + address))["status"] == status


def test_too_many_requests(site: Site, settings: Any) -> None:
    settings.SHOEFINDER_API_RATE = "2/d"
    client = Client(REMOTE_ADDR="192.0.2.1")
    answers = [client.get(ROOT + "/brands") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert problem(answers[-1])["title"] == "Too Many Requests"
    assert int(answers[-1]["Retry-After"]) > 0
    assert Client(REMOTE_ADDR="192.0.2.2").get(ROOT + "/brands").status_code == 200


def test_too_many_photos(site: Site, settings: Any) -> None:
    settings.SHOEFINDER_UPLOAD_RATE = "1/d"
    client = Client(REMOTE_ADDR="192.0.2.3")
    codes = [client.post(ROOT + "/photos", {"file": upload(jpeg())}).status_code for _ in range(2)]
    assert codes == [201, 429]
    assert client.get(ROOT + "/search", {"q": "red"}).status_code == 200


def test_an_invented_address_of_origin_gets_no_further(site: Site, settings: Any) -> None:
    settings.SHOEFINDER_API_RATE = "1/d"
    client = Client(REMOTE_ADDR="192.0.2.4")
    codes = [
        client.get(ROOT + "/brands", headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code
        for n in range(2)
    ]
    assert codes == [200, 429]


def test_nobody_sees_a_traceback(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("search.api.routes.brands_list", broken)
    answer = site.client.get(ROOT + "/brands")
    assert problem(answer)["status"] == 500
    assert b"secret" not in answer.content


def test_the_documentation_needs_no_other_host(site: Site) -> None:
    assert site.client.get(ROOT + "/")["Location"] == f"{ROOT}/docs"
    page = site.client.get(ROOT + "/docs")
    assert page.status_code == 200
    assert b"https://" not in page.content
    schema = site.client.get(ROOT + "/openapi.json").json()
    assert set(schema["paths"]) == {
        f"{ROOT}{path}"
        for path in ("/search", "/photos", "/identify", "/shoes", "/shoes/{shoe_id}", "/brands",
                     "/models", "/reports", "/photos/{token}/crops", "/where/{image_id}")
    }  # fmt: skip
    body = schema["paths"][f"{ROOT}/search"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "multipart/form-data"}


def test_queries_do_not_grow_with_results(bare_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # A look for new evidence may fall between any two, however slow the machine is.
    monkeypatch.setattr("search.knowledge.LOOK_AGAIN", 3600.0)

    def count(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert bare_site.client.get(ROOT + address).status_code == 200
        return len(queries)

    addresses = ("/search?q=red", "/shoes", "/models?brand=acme")
    for _ in range(2):
        bare_site.shelf.colorway("red", photos=2)
    bare_site.shelf.publish()
    few = [count(address) for address in addresses]
    few = [count(address) for address in addresses]
    for _ in range(8):
        bare_site.shelf.colorway("blue", photos=3, model="Trail")
    bare_site.shelf.publish()
    count(addresses[0])  # evidence of what was published is read once
    assert [count(address) for address in addresses] == few


def test_other_methods_are_told_as_problems(site: Site) -> None:
    answer = site.client.delete(ROOT + "/search")
    assert problem(answer)["detail"] == "This address takes GET, POST only."
    assert (answer.status_code, answer["Allow"]) == (405, "GET, POST")
