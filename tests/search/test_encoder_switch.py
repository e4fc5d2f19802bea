"""Changing the encoder: beside the old one, verified, compared, swapped at once, undone at once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from search import Query, search
from search.active import active_encoder, active_name
from search.exceptions import EncoderError, LabelsError, SearchError, SwitchRefused
from search.models import EmbedFailure, EncoderSwitch, ImageEmbedding, IndexState
from search.selectors import index_status
from search.services import (
    embed_pending,
    encoder_follow_setting,
    encoder_forget,
    encoder_rollback,
    encoder_switch_cancel,
    encoder_switch_request,
    encoder_switch_resume,
    encoder_switch_run,
    switch_run,
)
from search.services.switching import GRACE, SILENCE
from search.stores import get_store
from search.switches import Role, encoders_kept, rows_bytes, switch_plan, switch_unfinished
from tests.search.encoders.contract import drawn_shoe
from tests.search.indexing import (
    assert_index_is_the_database,
    configure,
    make_colorway,
    photo_bytes,
    store_photo,
    store_photos,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("celery_calls")]

Status, Stage, Trigger = EncoderSwitch.Status, EncoderSwitch.Stage, EncoderSwitch.Trigger


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
    } | {"blind": {"BACKEND": "tests.search.test_encoder_switch.Blind"}}
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
    return encoder_switch_request(name=name, trigger=Trigger.COMMAND, **options)


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


class TestRollback:
    def test_it_is_at_once(self, shop: Shop, django_capture_on_commit_callbacks: Any) -> None:
        switch_to()
        late = store_photo(99)
        embed_pending()
        with django_capture_on_commit_callbacks(execute=True):
            back = encoder_rollback()
        assert (active_name(), back.from_name) == ("old", "new")
        assert search(Query(words="red shoe")).total == 2
        embed_pending()
        assert late.pk in get_store(encoder_id=shop.old, dim=active_encoder().dim).ids()
        encoder_rollback()
        assert active_name() == "new"

    def test_without_an_earlier_one_it_is_refused(self, shop: Shop) -> None:
        with pytest.raises(SwitchRefused, match="no other encoder before"):
            encoder_rollback()

    def test_what_is_forgotten_is_not_gone_back_to(self, shop: Shop) -> None:
        switch_to()
        _let_time_pass()
        encoder_forget(encoder_id=shop.old)
        with pytest.raises(SwitchRefused, match="index of old is not there"):
            encoder_rollback()

    def test_changed_files_are_another_encoder(self, shop: Shop, settings: Any) -> None:
        switch_to()
        settings.SHOEFINDER_ENCODERS["old"]["OPTIONS"]["revision"] = "other"
        with pytest.raises(SwitchRefused, match="its files have changed"):
            encoder_rollback()


def _let_time_pass() -> None:
    EncoderSwitch.objects.filter(status=Status.DONE).update(swapped_at=timezone.now() - GRACE)


class TestForget:
    def test_vectors_and_index_go(self, shop: Shop) -> None:
        switch_to()
        _let_time_pass()
        assert encoder_forget(encoder_id=shop.old).vectors == 5
        assert not ImageEmbedding.objects.filter(encoder_id=shop.old).exists()
        assert not IndexState.objects.filter(encoder_id=shop.old).exists()
        assert {kept.encoder_id for kept in encoders_kept()} == {shop.new}
        assert search(Query(words="red shoe")).total == 2

    def test_what_is_in_use_stays(self, shop: Shop) -> None:
        with pytest.raises(SwitchRefused, match="answers searches"):
            encoder_forget(encoder_id=shop.old)
        switch = ask()
        with pytest.raises(SwitchRefused, match="under way"):
            encoder_forget(encoder_id=switch.encoder_id)
        encoder_switch_run(switch_id=switch.pk)
        with pytest.raises(SwitchRefused, match="may still use"):
            encoder_forget(encoder_id=shop.old)
        with pytest.raises(SwitchRefused, match="Nothing is kept"):
            encoder_forget(encoder_id="stranger@1")


class TestSetting:
    """SHOEFINDER_ENCODER changes under a site that has an index."""

    def test_searches_go_on_until_the_worker_has_switched(self, shop: Shop, settings: Any) -> None:
        settings.SHOEFINDER_ENCODER = "new"
        assert search(Query(words="red shoe")).total == 2
        switch = encoder_follow_setting()
        assert switch is not None
        assert (switch.trigger, active_name()) == (Trigger.SETTING, "old")
        assert encoder_follow_setting() is None
        encoder_switch_run(switch_id=switch.pk)
        assert active_name() == "new"
        assert encoder_follow_setting() is None

    def test_a_choice_by_hand_is_not_undone(self, shop: Shop) -> None:
        switch_to()
        assert encoder_follow_setting() is None
        encoder_rollback()
        assert encoder_follow_setting() is None

    def test_a_wish_that_cannot_be_met_is_logged(
        self, shop: Shop, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.SHOEFINDER_ENCODER = "nowhere"
        assert encoder_follow_setting() is None
        assert "encoder_setting_not_followed" in caplog.text


class TestCommand:
    def test_switch_and_back(self, shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
        told = manage("switch", "new", capsys=capsys)
        assert (told["status"], told["encoder_id"]) == ("done", shop.new)
        status = manage("status", capsys=capsys)
        assert (status["active"], status["switch"]) == ("new", None)
        assert [e["role"] for e in status["encoders"]] == [Role.ACTIVE, Role.PREVIOUS]
        assert manage("rollback", capsys=capsys)["photos_behind"] == 0
        assert active_name() == "old"

    def test_a_plan_changes_nothing(self, shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
        plan = manage("switch", "new", "--plan", capsys=capsys)
        assert (plan["to_embed"], plan["fits"]) == (5, True)
        assert switch_unfinished() is None

    def test_people_read_what_it_takes(
        self, shop: Shop, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call_command("encoder", "switch", "new")
        out = capsys.readouterr().out
        for words in ("5 of 5", "disk needed", "photos/s", "new answers now"):
            assert words in out
        call_command("encoder", "status")
        out = capsys.readouterr().out
        assert "previous" in out
        assert "a switch has chosen new since" in out

    def test_unused_ones_are_forgotten(
        self, shop: Shop, capsys: pytest.CaptureFixture[str]
    ) -> None:
        switch_to()
        switch_to("third")
        gone = manage("forget", "unused", capsys=capsys)
        assert gone == {"encoder_id": shop.old, "vectors": 5}
        with pytest.raises(CommandError, match="not used"):
            call_command("encoder", "forget", "unused")

    def test_a_held_one_has_a_status_of_its_own(self, shop: Shop) -> None:
        photo = ImageEmbedding.objects.order_by("image")[0].image
        photo.file.storage.delete(photo.file.name)
        with pytest.raises(CommandError, match="--anyway") as refused:
            call_command("encoder", "switch", "new")
        assert refused.value.returncode == 2

    def test_cancel(self, shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
        ask()
        assert manage("cancel", capsys=capsys)["status"] == "cancelled"
        assert switch_unfinished() is None
