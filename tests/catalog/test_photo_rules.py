"""Photo rules: what is measured, in which order they speak, and judging anew what is stored."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image, ImageDraw, ImageFilter

from catalog.models import ImageStatus, PhotoCheck, ShoeImage
from catalog.photo_rules import (
    PhotoFacts,
    Rule,
    measure,
    rule_decide,
    signatures_differ,
    thresholds,
)
from catalog.services import image_reject, photo_store
from catalog.services.photo_checks import (
    photo_rules_replay,
    photos_forget_rejected,
    photos_judge,
    photos_restore,
    photos_restore_rule,
)
from tests.catalog.photos import photo_bytes, picture

RULES = {"too-small": "50", "blurred": "0.1", "not-a-shoe": "auto", "box": "0.5"}


def drawn() -> Image.Image:
    image = Image.new("RGB", (300, 200), (255, 255, 255))
    pen = ImageDraw.Draw(image)
    for x in range(20, 280, 14):
        pen.line((x, 40, x + 40, 160), (20, 20, 40), 3)
    return image


@pytest.mark.parametrize("side", [3, 20, 257])
def test_sharpness_is_the_percentile_of_second_differences(side: int) -> None:
    draw = np.random.default_rng(side)
    grey = draw.integers(0, 256, (side, side + 2), dtype=np.uint8)
    wide = grey.astype(float)
    around = wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:]
    low, high = np.percentile(wide, [1, 99])
    edges = np.abs(4 * wide[1:-1, 1:-1] - around)[::2]
    expected = np.percentile(edges, 99) / (high - low)
    told = measure(Image.fromarray(grey).convert("RGB")).sharpness
    assert told == pytest.approx(expected, abs=1e-4)


def test_blur_lowers_sharpness_whatever_the_contrast() -> None:
    sharp = measure(drawn()).sharpness
    pale = measure(Image.blend(drawn(), Image.new("RGB", (300, 200), "white"), 0.6)).sharpness
    blurred = measure(drawn().filter(ImageFilter.GaussianBlur(8))).sharpness
    assert sharp == pytest.approx(pale, rel=0.3)
    assert blurred < sharp / 4
    assert measure(Image.new("RGB", (300, 200), "white")).sharpness == 0


def test_a_signature_tells_colours_apart_and_not_sizes() -> None:
    one = measure(picture((300, 200), seed=3)).signature
    smaller = measure(picture((300, 200), seed=3).resize((150, 100))).signature
    red = measure(Image.new("RGB", (300, 200), (200, 20, 20))).signature
    blue = measure(Image.new("RGB", (300, 200), (20, 20, 200))).signature
    assert signatures_differ(one, smaller) < 6
    assert signatures_differ(red, blue) > 60
    assert signatures_differ(one, "") == 255


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({}, None),
        ({"width": 40}, Rule.TOO_SMALL),
        ({"sharpness": 0.01}, Rule.BLURRED),
        ({"width": 40, "sharpness": 0.01}, Rule.TOO_SMALL),  # the earlier one speaks
        ({"scores": {"box": 0.7}}, Rule.BOX),
        ({"scores": {"not-a-shoe": 0.7}}, None),  # auto, and its maker chose nothing
        ({"scores": {"not-a-shoe": 0.7}, "own_thresholds": {"not-a-shoe": 0.6}}, Rule.NOT_A_SHOE),
        ({"twin_score": 1.0}, None),  # this rule is off
    ],
)
def test_the_first_rule_that_a_photo_breaks_is_the_reason(
    facts: dict[str, Any], rule: Rule | None, settings: Any
) -> None:
    settings.SHOEFINDER_PHOTO_RULES = RULES
    known = PhotoFacts(**{"width": 300, "height": 200, "sharpness": 0.5, **facts})
    decided = rule_decide(known, thresholds())
    assert (decided[0] if decided else None) == rule


def test_a_rule_may_be_off_and_an_unknown_one_is_an_error(settings: Any) -> None:
    settings.SHOEFINDER_PHOTO_RULES = {"blurred": "off"}
    assert thresholds() == {}
    settings.SHOEFINDER_PHOTO_RULES = {"ugly": "1"}
    with pytest.raises(ValueError, match="ugly"):
        thresholds()


pytest_db = pytest.mark.django_db


def judged(seed: int, **said: Any) -> ShoeImage:
    image = photo_store(content=photo_bytes(seed, (300, 200)), url=f"file:a/{seed}.jpg").image
    photos_judge([PhotoCheck(image=image, **{"sharpness": 0.5, **said})])
    image.refresh_from_db()
    return image


@pytest_db
def test_a_rejected_photo_keeps_its_reason_and_its_measures(settings: Any) -> None:
    settings.SHOEFINDER_PHOTO_RULES = RULES
    image = judged(1, sharpness=0.02, scores={"box": 0.9})
    assert (image.status, image.rejection) == (ImageStatus.REJECTED, "blurred")
    assert image.check_row.value == pytest.approx(0.02)


@pytest_db
def test_another_threshold_is_replayed_both_ways(settings: Any) -> None:
    settings.SHOEFINDER_PHOTO_RULES = RULES
    soft, box = judged(1, sharpness=0.05), judged(2, scores={"box": 0.4})
    settings.SHOEFINDER_PHOTO_RULES = {**RULES, "blurred": "0.01", "box": "0.3"}
    plan = photo_rules_replay(dry_run=True)
    soft.refresh_from_db()
    assert soft.status == ImageStatus.REJECTED
    done = photo_rules_replay()
    assert (plan.rejected, plan.restored) == (done.rejected, done.restored)
    assert (done.rejected, done.restored) == ({"box": 1}, {"blurred": 1})
    soft.refresh_from_db()
    box.refresh_from_db()
    assert soft.status == ImageStatus.ACCEPTED
    assert box.rejection == "box"


@pytest_db
def test_what_a_person_decides_no_rule_changes(settings: Any) -> None:
    settings.SHOEFINDER_PHOTO_RULES = RULES
    kept, refused = judged(1, sharpness=0.02), judged(2)
    photos_restore(images=[kept])
    image_reject(image=refused, reason="by ada")
    assert photo_rules_replay().rejected == {}
    kept.refresh_from_db()
    refused.refresh_from_db()
    assert kept.status == ImageStatus.ACCEPTED
    assert refused.rejection == "by ada"


@pytest_db
def test_photos_are_restored_by_rule(settings: Any) -> None:
    settings.SHOEFINDER_PHOTO_RULES = RULES
    judged(1, sharpness=0.02)
    judged(2, sharpness=0.03)
    judged(3, scores={"box": 0.9})
    assert photos_restore_rule(rule=Rule.BLURRED) == 2
    assert ShoeImage.objects.filter(status=ImageStatus.REJECTED).count() == 1


@pytest_db
def test_rejected_photos_are_forgotten_after_their_time(settings: Any) -> None:
    settings.SHOEFINDER_PHOTO_RULES = RULES
    old, fresh, by_hand = judged(1, sharpness=0.02), judged(2, sharpness=0.02), judged(3)
    image_reject(image=by_hand, reason="by ada")
    long_ago = timezone.now() - timedelta(days=settings.SHOEFINDER_REJECTED_DAYS + 1)
    ShoeImage.objects.filter(pk__in=[old.pk, by_hand.pk]).update(updated_at=long_ago)
    PhotoCheck.objects.filter(image__in=[old, by_hand]).update(checked_at=long_ago)
    assert photos_forget_rejected() == 1
    assert set(ShoeImage.objects.all()) == {fresh, by_hand}


@pytest_db
def test_the_page_shows_and_restores(settings: Any, client: Client) -> None:
    settings.SHOEFINDER_PHOTO_RULES = RULES
    client.force_login(get_user_model().objects.create_superuser("ada", password="x"))
    image = judged(1, sharpness=0.05)
    url = reverse("admin:catalog_shoeimage_rules")
    assert "1 photo" in client.get(url).content.decode()
    assert "Yes, accept all 1" in client.get(url, {"ask": "blurred"}).content.decode()
    client.post(url, {"restore": "blurred"})
    image.refresh_from_db()
    assert image.status == ImageStatus.ACCEPTED
    listing = client.get(reverse("admin:catalog_shoeimage_changelist"), {"rejection": "blurred"})
    assert listing.status_code == 200
    change = reverse("admin:catalog_shoeimage_change", args=[image.pk])
    assert "photo rules" in client.get(change).content.decode().lower()


@pytest_db
def test_the_command_reports_and_replays(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.SHOEFINDER_PHOTO_RULES = RULES
    judged(1, sharpness=0.02)
    call_command("photo_rules", "report")
    assert "blurred: 1 rejected, threshold 0.1" in capsys.readouterr().out
    call_command("photo_rules", "restore", "--rule", "blurred")
    call_command("photo_rules", "replay", "--dry-run")
    assert "nothing written" in capsys.readouterr().out
