"""Changing the encoder: beside the old one, verified, compared, swapped at once, undone at once."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from django.utils import timezone

from search import Query, search
from search.active import active_encoder, active_name
from search.exceptions import EncoderError, LabelsError, SearchError, SwitchRefused
from search.models import EmbedFailure, EncoderSwitch, ImageEmbedding
from search.selectors import index_status
from search.services import (
    embed_pending,
    encoder_switch_cancel,
    encoder_switch_resume,
    encoder_switch_run,
    switch_run,
)
from search.services.switching import SILENCE
from search.stores import get_store
from search.switches import rows_bytes, switch_plan, switch_unfinished
from tests.search.encoders.contract import drawn_shoe
from tests.search.indexing import (
    assert_index_is_the_database,
    photo_bytes,
    store_photo,
)
from tests.search.switching import Shop, ask, stop_at, switch_to

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("celery_calls")]

Status, Stage, Trigger = EncoderSwitch.Status, EncoderSwitch.Stage, EncoderSwitch.Trigger


def test_everything_is_made_beside_and_then_swapped(shop: Shop) -> None:
    seen: list[tuple[str, str]] = []

    switch = ask()
    encoder_switch_run(
        switch_id=switch.pk, progress=lambda at: seen.append((at.stage, str(active_encoder().id)))
    )
    switch.refresh_from_db()
    assert (switch.status, switch.from_encoder_id) == (Status.DONE, shop.old)
    stages = list(dict.fromkeys(stage for stage, _ in seen))
    assert stages == ["embedding", "building", "verifying", "comparing", "swapping"]
    # The old one answered until the very end.
    assert [active for _, active in seen] == [shop.old] * (len(seen) - 1) + [shop.new]
    assert index_status().encoder_id == shop.new
    assert_index_is_the_database()
    assert search(Query(words="red shoe")).total == 2


def test_the_first_index_notes_its_encoder(shop: Shop) -> None:
    first = EncoderSwitch.objects.get()
    assert (first.trigger, first.name, first.encoder_id) == (Trigger.FIRST, "old", shop.old)
    embed_pending()
    assert EncoderSwitch.objects.count() == 1


@pytest.mark.parametrize("stage", ["embed", "build", "verify", "compare", "swap"])
def test_stopped_anywhere_it_goes_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    switch = ask()
    mend = stop_at(monkeypatch, stage)
    with pytest.raises(KeyboardInterrupt):
        encoder_switch_run(switch_id=switch.pk)
    mend()
    assert active_name() == "old"
    assert search(Query(words="red shoe")).total == 2
    before = set(ImageEmbedding.objects.values_list("pk", flat=True))
    ended = encoder_switch_run(switch_id=switch.pk)
    assert ended is not None
    assert ended.status == Status.DONE
    assert before <= set(ImageEmbedding.objects.values_list("pk", flat=True))
    assert_index_is_the_database()


def test_it_goes_on_in_slices(shop: Shop) -> None:
    switch = ask()
    for _ in range(3):
        left = encoder_switch_run(switch_id=switch.pk, seconds=0)
        assert left is not None
        assert left.status == Status.RUNNING
    encoder_switch_run(switch_id=switch.pk)
    assert encoder_switch_run(switch_id=switch.pk) is None
    assert active_name() == "new"


def test_the_sweep_takes_up_one_that_has_fallen_silent(
    shop: Shop, celery_calls: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    switch = ask(enqueue=False)
    with django_capture_on_commit_callbacks(execute=True):
        assert encoder_switch_resume() is None
        EncoderSwitch.objects.filter(pk=switch.pk).update(requested_at=timezone.now() - SILENCE)
        assert encoder_switch_resume() is not None
    assert celery_calls == ["search.tasks.encoder_switch"]


def test_photos_that_come_meanwhile_are_found_by_both(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = ask()
    mend = stop_at(monkeypatch, "swap")
    with pytest.raises(KeyboardInterrupt):
        encoder_switch_run(switch_id=switch.pk)
    mend()
    late = store_photo(99)
    embed_pending()
    encoder_switch_run(switch_id=switch.pk)
    for encoder_id in (shop.old, shop.new):
        assert late.pk in get_store(encoder_id=encoder_id, dim=active_encoder().dim).ids()


def test_one_at_a_time(shop: Shop) -> None:
    switch = ask()
    assert ask().pk == switch.pk
    with pytest.raises(SwitchRefused, match="A switch to new is under way"):
        ask("third")


def test_the_one_that_answers_needs_no_switch(shop: Shop) -> None:
    with pytest.raises(SwitchRefused, match="answers already"):
        ask("old")
    with pytest.raises(EncoderError, match="SHOEFINDER_ENCODER"):
        ask("nowhere")


def test_a_full_disk_is_told_before(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(shop.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(SwitchRefused, match=r"needs .* which has 1\.0 kB left"):
        ask()
    assert switch_unfinished() is None


def test_the_disk_that_was_told_is_enough_and_not_absurd(shop: Shop) -> None:
    plan = switch_plan(name="new", probe=True)
    assert (plan.photos, plan.to_embed) == (5, 5)
    assert plan.photos_per_second is not None
    assert 2 * 1_000_000 * 4 * 512 < rows_bytes(1_000_000, 512) + 1_000_000 * 4 * 512 < 8e9


def test_a_cancelled_one_stops_and_stays_out(shop: Shop) -> None:
    switch = ask()

    def cancel(at: EncoderSwitch) -> None:
        if at.stage == Stage.BUILDING and switch_unfinished():
            encoder_switch_cancel()

    encoder_switch_run(switch_id=switch.pk, progress=cancel)
    switch.refresh_from_db()
    assert switch.status == Status.CANCELLED
    assert active_name() == "old"
    with pytest.raises(SwitchRefused, match="No switch"):
        encoder_switch_cancel()
    assert ask("third").status == Status.PENDING


def test_an_encoder_that_breaks_fails_the_switch_alone(shop: Shop, settings: Any) -> None:
    switch = ask()
    settings.SHOEFINDER_ENCODERS["new"]["OPTIONS"]["revision"] = "other"
    with pytest.raises(EncoderError, match="its files have changed"):
        encoder_switch_run(switch_id=switch.pk)
    switch.refresh_from_db()
    assert switch.status == Status.FAILED
    assert "its files have changed" in switch.message
    assert search(Query(words="red shoe")).total == 2


def test_an_index_that_cannot_be_made_right_is_not_swapped_in(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong:
        ok, damage, summary = False, "", "3 another vector"

    monkeypatch.setattr(switch_run, "index_verify", lambda **_: Wrong)
    switch = ask()
    with pytest.raises(SearchError, match="3 another vector"):
        encoder_switch_run(switch_id=switch.pk)
    assert active_name() == "old"


class TestPhotosThatCannotBeEmbedded:
    @pytest.fixture
    def spoilt(self, shop: Shop) -> None:
        for photo in ImageEmbedding.objects.order_by("image")[:2]:
            photo.image.file.storage.delete(photo.image.file.name)

    @pytest.mark.usefixtures("spoilt")
    def test_they_hold_the_switch(self, shop: Shop) -> None:
        switch = switch_to()
        assert switch.status == Status.HELD
        assert "2 of 5 photos could not be embedded" in switch.message
        assert active_name() == "old"
        assert encoder_switch_resume() is None

    @pytest.mark.usefixtures("spoilt")
    def test_unless_the_owner_wants_it_anyway(self, shop: Shop) -> None:
        switch_to()
        assert switch_to(anyway=True).status == Status.DONE

    @pytest.mark.usefixtures("spoilt")
    def test_mended_it_goes_on(self, shop: Shop) -> None:
        switch_to()
        for failure in EmbedFailure.objects.all():
            failure.image.file.storage.save(failure.image.file.name, _file(failure.image_id))
        EmbedFailure.objects.update(retry_at=timezone.now())
        assert switch_to().status == Status.DONE
        assert_index_is_the_database()


def _file(number: int) -> Any:
    from django.core.files.base import ContentFile

    return ContentFile(photo_bytes(number))


class TestLabelledQueries:
    """Both encoders are asked before the swap."""

    def label(self, shop: Shop, *rows: str, columns: str = "photo,words,style_code") -> None:
        for colour in ("red", "blue"):
            drawn_shoe(colour).save(shop.folder / f"{colour}.jpg")
        (shop.folder / "queries.csv").write_text("\n".join([columns, *rows]) + "\n")

    def test_they_are_compared(self, shop: Shop) -> None:
        self.label(shop, "red.jpg,,R1", "blue.jpg,in red,R1", ",a red shoe,B1")
        found = switch_to().comparison
        assert found["queries"] == 3
        assert found["old_among"] == found["new_among"] == 3
        assert (found["better"], found["worse"]) == (0, 0)

    def test_a_worse_one_is_held(self, shop: Shop) -> None:
        from catalog.models import ShoeImage

        # Each photo of the catalog as a query: the right answer is its own colorway.
        rows = []
        for image in ShoeImage.objects.select_related("colorway").filter(colorway__style_code="B1"):
            (shop.folder / f"{image.pk}.jpg").write_bytes(image.file.read())
            rows.append(f"{image.pk}.jpg,,B1")
        self.label(shop, *rows * 4)
        switch = switch_to("blind")
        assert switch.status == Status.HELD
        assert "0 better, 8 worse" in switch.message
        assert active_name() == "old"
        assert switch_to("blind", anyway=True).status == Status.DONE

    @pytest.mark.parametrize(
        ("row", "told"),
        [
            (",,R1", "line 2: give a `photo` or `words`"),
            ("red.jpg,,", "line 2: say the right"),
            ("none.jpg,,R1", "none.jpg: No such file"),
            ("queries.csv,,R1", "line 2: .*not a photo"),
            (f",{'x' * 400},R1", "line 2: .*characters long"),
        ],
    )
    def test_a_wrong_line_is_told_before(self, shop: Shop, row: str, told: str) -> None:
        self.label(shop, row)
        with pytest.raises(LabelsError, match=told):
            ask()

    def test_a_file_without_answers_is_told(self, shop: Shop) -> None:
        self.label(shop, "red.jpg", columns="photo")
        with pytest.raises(LabelsError, match="`style_code` or `model`"):
            ask()

    def test_a_model_may_be_the_answer(self, shop: Shop) -> None:
        self.label(shop, "red.jpg,alba runner", columns="photo,model")
        assert switch_to().comparison["old_first"] == 1
