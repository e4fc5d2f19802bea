"""What follows on a change of the encoder: going back, forgetting, settings, and the command."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from search import Query, search
from search.active import active_encoder, active_name
from search.exceptions import SwitchRefused
from search.models import EncoderSwitch, ImageEmbedding, IndexState
from search.services import (
    embed_pending,
    encoder_follow_setting,
    encoder_forget,
    encoder_rollback,
    encoder_switch_run,
)
from search.services.switching import GRACE
from search.stores import get_store
from search.switches import Role, encoders_kept, switch_unfinished
from tests.search.indexing import (
    store_photo,
)
from tests.search.switching import Shop, ask, manage, switch_to

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("celery_calls")]

Status, Trigger = EncoderSwitch.Status, EncoderSwitch.Trigger


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
