"""Ask for another encoder, go back, give up, clear away. `switch_run` carries it out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from rich.filesize import decimal as file_size

from search.active import active_encoder, active_name, active_switch
from search.encoders import get_encoder
from search.exceptions import EncoderError, IndexUnavailable, SwitchRefused
from search.labelled import labelled_queries
from search.locking import switch_driver, writer_lock
from search.models import EncoderSwitch, ImageEmbedding, IndexState
from search.stores import get_store
from search.switches import SwitchPlan, encoder_dim, photos_lacking, switch_plan, switch_unfinished

log = structlog.get_logger(__name__)

Status, Trigger = EncoderSwitch.Status, EncoderSwitch.Trigger

GRACE = timedelta(seconds=60)
"""For searches that began before a swap: what they use must not be cleared away yet."""
SILENCE = timedelta(seconds=60)
"""After so long without a sign of life a switch is taken up again."""
DELETE_ROWS = 5_000
WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was cleared away."""

    encoder_id: str
    vectors: int


def encoder_switch_request(
    *, name: str, trigger: EncoderSwitch.Trigger, anyway: bool = False, enqueue: bool = True
) -> EncoderSwitch:
    """Save a switch to the encoder ``name`` that waits, and enqueue it on commit.

    Asking again for the one that is under way gives the same, and one that is held goes on; with
    ``anyway`` it is not held again.

    Raises:
        EncoderError: there is no such encoder.
        SwitchRefused: it answers already, another switch is under way, the disk has no room, or
            the labelled queries are not in order.
    """
    encoder = get_encoder(name)
    switch = switch_unfinished()
    if switch is not None:
        _go_on(switch, encoder_id=str(encoder.id), anyway=anyway)
    else:
        if _active_id() == str(encoder.id):
            raise SwitchRefused(f"{name} ({encoder.id}) is the encoder that answers already.")
        labelled_queries()  # hours later would be late to hear that a line is wrong
        plan = switch_plan(name=name)
        require_room(plan)
        switch = _created(plan, trigger=trigger, anyway=anyway)
    if enqueue:
        _enqueue(switch)
    return switch


def require_room(plan: SwitchPlan) -> None:
    """Raises SwitchRefused, with the mend, when the disk has no room for it."""
    if not plan.fits:
        raise SwitchRefused(
            f"The switch to {plan.name} needs {file_size(plan.bytes_needed)} on the disk of "
            f"{settings.VAR_DIR}, which has {file_size(plan.bytes_free)} left. Make room, for "
            "example by `manage.py encoder forget` of an encoder that is not needed any more."
        )


def encoder_switch_cancel() -> EncoderSwitch:
    """Give up the switch that is under way. Its vectors stay until they are forgotten.

    Raises SwitchRefused when there is none.
    """
    switch = switch_unfinished()
    if switch is None or not _end(switch, Status.CANCELLED, "Cancelled by request."):
        raise SwitchRefused("No switch of the encoder is under way.")
    switch.refresh_from_db()
    return switch


def encoder_rollback(*, trigger: EncoderSwitch.Trigger = Trigger.ROLLBACK) -> EncoderSwitch:
    """Go back to the encoder before this one, at once: its index is still there.

    Photos that came since the switch are searchable again when a worker has embedded them.

    Raises:
        SwitchRefused: there is nothing to go back to, or its index has been forgotten.
        EncoderError: its weights are not there any more.
    """
    from search.tasks import embed_pending as task

    last = active_switch()
    if last is None or not last.from_name:
        raise SwitchRefused("There was no other encoder before this one.")
    encoder = get_encoder(last.from_name)
    if str(encoder.id) != last.from_encoder_id:
        raise SwitchRefused(
            f"{last.from_name} was {last.from_encoder_id} and is now {encoder.id}: its files have "
            f"changed. Put them back, or embed anew by `manage.py encoder switch {last.from_name}`."
        )
    try:
        get_store(encoder_id=str(encoder.id), dim=encoder.dim).info()
    except IndexUnavailable as error:
        raise SwitchRefused(
            f"The index of {last.from_name} is not there any more. "
            f"`manage.py encoder switch {last.from_name}` builds it anew."
        ) from error
    now = timezone.now()
    with transaction.atomic():
        back = EncoderSwitch.objects.create(
            name=last.from_name,
            encoder_id=str(encoder.id),
            dim=encoder.dim,
            from_name=last.name,
            from_encoder_id=last.encoder_id,
            setting=settings.SHOEFINDER_ENCODER,
            trigger=trigger,
            status=Status.DONE,
            unfinished=None,
            started_at=now,
            swapped_at=swap_time(),
            finished_at=now,
        )
        transaction.on_commit(task.delay, robust=True)
    log.info("encoder_rolled_back", encoder=back.encoder_id, left=back.from_encoder_id)
    return back


def photos_behind(switch: EncoderSwitch) -> int:
    """Photos that searches found before a rollback and do not find yet after it."""
    return photos_lacking(encoder_id=switch.encoder_id, than=switch.from_encoder_id).count()


def encoder_forget(*, encoder_id: str) -> Forgotten:
    """Delete an encoder's vectors and its index. There is no way back but to embed anew.

    Raises:
        SwitchRefused: it answers searches, did so a minute ago, is being prepared, or is unknown.
        IndexBusy: another process writes for longer than 30 seconds.
    """
    dim = encoder_dim(encoder_id)
    if encoder_id == _active_id():
        raise SwitchRefused(f"{encoder_id} answers searches. Switch to another encoder first.")
    unfinished = switch_unfinished()
    if unfinished is not None and unfinished.encoder_id == encoder_id:
        raise SwitchRefused(
            f"A switch to {encoder_id} is under way. `manage.py encoder cancel` it first."
        )
    last = active_switch()
    if last and last.from_encoder_id == encoder_id and last.swapped_at:
        left = last.swapped_at + GRACE - timezone.now()
        if left > timedelta(0):
            raise SwitchRefused(
                f"Searches that began before the switch may still use {encoder_id}. "
                f"Try again in {left.seconds + 1} seconds."
            )
    rows = ImageEmbedding.objects.filter(encoder_id=encoder_id)
    if not dim and not rows.exists():
        raise SwitchRefused(f"Nothing is kept of {encoder_id}; `manage.py encoder status` lists.")
    with writer_lock("clearing away an encoder", wait_seconds=WAIT_SECONDS):
        # The index first: an index without rows would be offered by a rollback.
        get_store(encoder_id=encoder_id, dim=dim).drop()
        IndexState.objects.filter(encoder_id=encoder_id).delete()
        vectors = 0
        while numbers := list(rows.order_by("pk").values_list("pk", flat=True)[:DELETE_ROWS]):
            vectors += ImageEmbedding.objects.filter(pk__in=numbers).delete()[0]
    log.info("encoder_forgotten", encoder=encoder_id, vectors=vectors)
    return Forgotten(encoder_id, vectors)


def encoder_adopt() -> None:
    """Note the first encoder of the site, once its index is there.

    From then on another value of ``SHOEFINDER_ENCODER`` is the wish for a switch, no longer the
    choice itself: searches go on with the noted one until the new one is ready.
    """
    if EncoderSwitch.objects.filter(status=Status.DONE).exists():
        return
    encoder, now = active_encoder(), timezone.now()
    EncoderSwitch.objects.create(
        name=active_name(),
        encoder_id=str(encoder.id),
        dim=encoder.dim,
        setting=settings.SHOEFINDER_ENCODER,
        trigger=Trigger.FIRST,
        status=Status.DONE,
        unfinished=None,
        swapped_at=now,
        finished_at=now,
    )


def encoder_follow_setting() -> EncoderSwitch | None:
    """Ask for a switch when ``SHOEFINDER_ENCODER`` has changed; for workers, which have the time.

    A wish that failed or was cancelled is not made again by itself.
    """
    wish = settings.SHOEFINDER_ENCODER
    last = EncoderSwitch.objects.exclude(setting="").order_by("-pk").first()
    if last is None or last.setting == wish or switch_unfinished() is not None:
        return None
    try:
        if _active_id() == str(get_encoder(wish).id):
            EncoderSwitch.objects.filter(pk=last.pk).update(setting=wish)
            return None
        return encoder_switch_request(name=wish, trigger=Trigger.SETTING)
    except (EncoderError, SwitchRefused) as error:
        log.error("encoder_setting_not_followed", wish=wish, error=str(error))
        return None


def encoder_switch_resume() -> EncoderSwitch | None:
    """Enqueue a switch that waits, or whose process has died; for the sweep."""
    switch = switch_unfinished()
    if switch is None or switch.status == Status.HELD or switch_driver() is not None:
        return None
    if timezone.now() - (switch.heartbeat_at or switch.requested_at) < SILENCE:
        return None  # its next task is on the way
    _enqueue(switch)
    return switch


def swap_time() -> datetime:
    """Now, and later than every swap before, whatever the clocks of several machines say."""
    last, now = active_switch(), timezone.now()
    if last is None or last.swapped_at is None:
        return now
    return max(now, last.swapped_at + timedelta(microseconds=1))


def _go_on(switch: EncoderSwitch, *, encoder_id: str, anyway: bool) -> None:
    if switch.encoder_id != encoder_id:
        raise SwitchRefused(
            f"A switch to {switch.name} is under way. Wait for it, or give it up by "
            "`manage.py encoder cancel`."
        )
    if switch.status == Status.HELD:
        switch.status, switch.message = Status.PENDING, ""
    switch.anyway = switch.anyway or anyway
    switch.save(update_fields=["status", "message", "anyway"])


def _created(plan: SwitchPlan, *, trigger: EncoderSwitch.Trigger, anyway: bool) -> EncoderSwitch:
    try:
        with transaction.atomic():
            return EncoderSwitch.objects.create(
                name=plan.name,
                encoder_id=plan.encoder_id,
                dim=plan.dim,
                from_name=active_name(),
                from_encoder_id=_active_id(),
                setting=settings.SHOEFINDER_ENCODER,
                trigger=trigger,
                anyway=anyway,
                total=plan.to_embed,
                bytes_needed=plan.bytes_needed,
            )
    except IntegrityError as error:  # two asked at the same moment
        raise SwitchRefused("A switch was asked for at this moment; look at its status.") from error


def _active_id() -> str:
    """ "" when the active encoder is broken, which a switch must be able to mend."""
    try:
        return str(active_encoder().id)
    except EncoderError:
        return ""


def _end(switch: EncoderSwitch, status: EncoderSwitch.Status, message: str) -> bool:
    now = timezone.now()
    return bool(
        EncoderSwitch.objects.filter(pk=switch.pk, unfinished=True).update(
            status=status, unfinished=None, message=message, finished_at=now
        )
    )


def _enqueue(switch: EncoderSwitch) -> None:
    from search.tasks import encoder_switch as task

    transaction.on_commit(lambda: task.delay(switch.pk), robust=True)
