"""Views of photos: whose word counts, which photo comes first, and what a person says."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from catalog.models import Colorway, PhotoCheck, ShoeImage, ViewBy
from catalog.selectors import colorway_detail
from catalog.services import photo_store
from catalog.services.photo_checks import photo_rules_replay, photos_judge
from catalog.services.photo_views import view_state
from tests.catalog.photos import photo_bytes
from tests.factories import ColorwayFactory, ShoeImageFactory

pytestmark = pytest.mark.django_db


def guessed(image: ShoeImage, view: str, score: float) -> ShoeImage:
    photos_judge([PhotoCheck(image=image, view_guess=view, view_score=score, view_head="h")])
    image.refresh_from_db()
    return image


def test_a_sure_guess_is_written_and_an_unsure_one_is_not() -> None:
    sure = guessed(ShoeImageFactory.create(), "sole", 0.9)
    assert (sure.view, sure.view_by, sure.view_confidence) == ("sole", ViewBy.PREDICTED, 0.9)
    unsure = guessed(ShoeImageFactory.create(), "sole", 0.7)
    assert (unsure.view, unsure.view_by, unsure.view_confidence) == ("", "", None)


def test_what_a_file_name_states_stands_above_a_guess() -> None:
    image = photo_store(content=photo_bytes(), url="https://s.example/stan_top.jpg").image
    assert image.view_by == ViewBy.STATED
    assert guessed(image, "sole", 0.99).view == "top"


def test_a_person_has_the_last_word_also_that_nothing_fits() -> None:
    image = guessed(ShoeImageFactory.create(), "sole", 0.9)
    assert view_state(image=image, view="", by=ViewBy.PERSON)
    assert not view_state(image=image, view="pair", by=ViewBy.STATED)
    assert guessed(ShoeImage.objects.get(pk=image.pk), "sole", 0.99).view == ""


def test_another_least_confidence_is_replayed(settings: Any) -> None:
    image = guessed(ShoeImageFactory.create(), "worn", 0.7)
    settings.SHOEFINDER_VIEW_SURE = 0.6
    photo_rules_replay()
    image.refresh_from_db()
    assert image.view == "worn"
    settings.SHOEFINDER_VIEW_SURE = 0.95
    photo_rules_replay()
    image.refresh_from_db()
    assert (image.view, image.view_by) == ("", "")


def test_a_lateral_view_becomes_the_cover_and_leads_then_each_angle_once() -> None:
    colorway = ColorwayFactory.create()
    views = ["pair", "pair", "", "lateral", "sole", "lateral"]
    images = [ShoeImageFactory.create(colorway=colorway) for _ in views]
    Colorway.objects.filter(pk=colorway.pk).update(cover=images[0])
    for image, view in zip(images, views, strict=True):
        guessed(image, view, 0.9)
    colorway.refresh_from_db()
    assert colorway.cover == images[3]
    detail = colorway_detail(colorway_id=colorway.pk)
    assert detail is not None
    order = [images.index(photo) for photo in detail.photos]
    assert order == [3, 0, 4, 2, 1, 5]


def test_the_admin_filters_by_view_and_corrects_it(client: Client) -> None:
    boss = get_user_model().objects.create_superuser("boss", password="x")
    client.force_login(boss)
    sole, other = guessed(ShoeImageFactory.create(), "sole", 0.9), ShoeImageFactory.create()
    address = reverse("admin:catalog_shoeimage_changelist")
    assert client.get(address, {"view": "sole"}).context["cl"].result_list.get() == sole
    assert client.get(address, {"view": "none"}).context["cl"].result_list.get() == other
    client.post(
        f"{address}?view=sole",
        {
            "form-TOTAL_FORMS": "1",
            "form-INITIAL_FORMS": "1",
            "form-0-id": str(sole.pk),
            "form-0-view": "top",
            "_save": "Save",
        },
    )
    sole.refresh_from_db()
    assert (sole.view, sole.view_by, sole.view_confidence) == ("top", ViewBy.PERSON, None)
