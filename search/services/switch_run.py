"""Carry out a switch of the encoder, from the first photo to the swap.

Everything is made beside the old one, which answers until the last step: one update of one row.
Whatever kills the process, what is embedded and built stays, and the next one goes on in the stage
that the row names; a stage done twice does no harm.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone

from search import selectors
from search.encoders import Encoder, get_encoder
from search.exceptions import EncoderError, IndexBusy, IndexDamaged, IndexMissing, SearchError
from search.labelled import compare, labelled_queries
from search.locking import switch_lock, writer_lock
from search.models import EncoderSwitch, IndexBuild
from search.services.building import WAIT_SECONDS, index_rebuild
from search.services.embedding import EmbedProgress, embed_pending
from search.services.switching import swap_time
from search.services.syncing import Sync
from search.services.verifying import index_verify
from search.stores import get_store
from search.switches import photos_lacking, photos_resting

log = structlog.get_logger(__name__)

Status, Stage = EncoderSwitch.Status, EncoderSwitch.Stage

SLICE_SECONDS = 20.0
"""After so long the old encoder gets its turn: photos that come meanwhile are searchable, too."""
BUSY_PAUSE = 0.5
HEARTBEAT_SECONDS = 1.0
MISSING_SHARE = 0.01
"""More photos than this share that cannot be embedded hold the switch."""

T = TypeVar("T")
Progress = Callable[[EncoderSwitch], None]


class _Over(Exception):
    """The time is over, or the row says that this is not to go on."""


def encoder_switch_run(
    *, switch_id: int, seconds: float | None = None, progress: Progress | None = None
) -> EncoderSwitch | None:
    """Go on with a switch to its end, or for so long; None when it is over already.

    Args:
        seconds: leave at the next good moment after this time; the next call goes on.
        progress: called with the row whenever it has moved.

    Raises:
        IndexBusy: another process carries out a switch.
        SearchError: it has failed, for a reason that an operator must mend; the row says so, too.
    """
    with switch_lock():
        switch = EncoderSwitch.objects.filter(
            pk=switch_id, status__in=(Status.PENDING, Status.RUNNING)
        ).first()
        if switch is None:
            return None
        run = _Run(switch, seconds=seconds, progress=progress)
        try:
            run.work()
        except _Over:
            pass
        except DatabaseError:
            raise  # of the moment: the row still says that it runs, and the sweep goes on with it
        except Exception as error:
            with suppress(_Over):  # somebody has cancelled it meanwhile
                run.fail(str(error) or type(error).__name__)
            raise
        switch.refresh_from_db()
        return switch


class _Run:
    def __init__(
        self, switch: EncoderSwitch, *, seconds: float | None, progress: Progress | None
    ) -> None:
        self.switch, self.progress = switch, progress
        self.ends = None if seconds is None else time.monotonic() + seconds
        self.told = 0.0
        self.new = get_encoder(switch.name)

    def work(self) -> None:
        if str(self.new.id) != self.switch.encoder_id:
            raise EncoderError(
                f"{self.switch.name} was {self.switch.encoder_id} when the switch was asked for "
                f"and is now {self.new.id}: its files have changed. Ask for the switch again."
            )
        self.switch.started_at = self.switch.started_at or timezone.now()
        self.switch.status = Status.RUNNING
        self._save("status", "started_at")
        stages = {
            Stage.EMBEDDING: self.embed,
            Stage.BUILDING: self.build,
            Stage.VERIFYING: self.verify,
            Stage.COMPARING: self.compare,
            Stage.SWAPPING: self.swap,
        }
        names = list(stages)
        for stage in names[names.index(Stage(self.switch.stage)) :]:
            self.enter(stage)
            stages[stage]()

    def enter(self, stage: EncoderSwitch.Stage) -> None:
        self._check()
        self.switch.stage, self.switch.count, self.switch.total = stage, 0, 0
        self._save("stage", "count", "total")
        log.info("encoder_switch_stage", switch=self.switch.pk, stage=str(stage))

    def embed(self) -> None:
        """Every photo, in slices; between them those that came, for the encoder that answers."""
        done = 0
        while True:
            self._check()
            self.embed_old()

            def tell(at: EmbedProgress, before: int = done) -> None:
                self.tell(before + at.embedded + at.failed, before + at.total)

            report = embed_pending(encoder=self.new, seconds=SLICE_SECONDS, progress=tell)
            done += report.embedded + report.failed
            if report.busy:
                time.sleep(BUSY_PAUSE)
            elif not report.waiting:
                return

    def embed_old(self) -> None:
        old = self.old()
        if old is not None:
            embed_pending(encoder=old, seconds=SLICE_SECONDS)

    def old(self) -> Encoder | None:
        """None when it is broken: then nothing is lost by leaving it."""
        try:
            return get_encoder(self.switch.from_name)
        except EncoderError:
            return None

    def build(self) -> None:
        """One whole index instead of the pieces that embedding has published."""

        def tell(build: IndexBuild) -> None:
            self.tell(build.count, build.total)

        self._patiently(
            lambda: index_rebuild(
                trigger=IndexBuild.Trigger.SWITCH, encoder=self.new, progress=tell
            )
        )

    def verify(self) -> None:
        for last_try in (False, True):
            report = self._patiently(lambda: index_verify(encoder=self.new, progress=self.tell))
            if report.ok:
                return
            if not last_try:
                self.build()
        raise SearchError(
            f"The new index is not what the database holds: {report.damage or report.summary}. "
            "Nothing was switched; look at the disk, then ask again."
        )

    def compare(self) -> None:
        queries, old = labelled_queries(), self.old()
        if not queries or old is None:
            return
        try:
            found = compare(queries, old=old, new=self.new, progress=self.tell)
        except (IndexMissing, IndexDamaged):  # of the old one: there is nothing to compare with
            return
        self.switch.comparison = found.to_json()
        self._save("comparison")
        if found.is_worse and not self.switch.anyway:
            self.hold(
                f"{found} That is more than chance. To switch all the same, run "
                f"`manage.py encoder switch {self.switch.name} --anyway`; to stay, "
                "`manage.py encoder cancel`."
            )

    def swap(self) -> None:
        """When every photo that the old one finds is there; under the lock, so that none comes."""
        while True:
            self._check()
            self.embed()
            store = get_store(encoder_id=self.switch.encoder_id, dim=self.new.dim)
            try:
                with writer_lock("switching the encoder", wait_seconds=WAIT_SECONDS):
                    Sync(self.new, store).run()
                    if self._is_complete():
                        self._swap()
                        return
            except IndexBusy:
                continue

    def _is_complete(self) -> bool:
        lacking = photos_lacking(
            encoder_id=self.switch.encoder_id, than=self.switch.from_encoder_id
        )
        missing, resting = lacking.count(), photos_resting(lacking).count()
        if missing > resting:
            return False
        photos = selectors.embeddings_count(encoder_id=self.switch.from_encoder_id)
        if missing > MISSING_SHARE * photos and not self.switch.anyway:
            self.hold(
                f"{missing} of {photos} photos could not be embedded and would vanish from "
                "searches; the admin tells why under Failed photos. Mend that and run `manage.py "
                f"encoder switch {self.switch.name}` again, or with --anyway to do without them."
            )
        return True

    def _swap(self) -> None:
        now = timezone.now()
        with transaction.atomic():
            changed = EncoderSwitch.objects.filter(
                pk=self.switch.pk, status=Status.RUNNING, unfinished=True
            ).update(
                status=Status.DONE,
                unfinished=None,
                swapped_at=swap_time(),
                finished_at=now,
                heartbeat_at=now,
                message="",
            )
        if not changed:
            raise _Over
        log.info("encoder_switched", encoder=self.switch.encoder_id, switch=self.switch.pk)
        if self.progress:
            self.switch.refresh_from_db()
            self.progress(self.switch)

    def hold(self, message: str) -> None:
        self.switch.status, self.switch.message = Status.HELD, message
        self._save("status", "message")
        log.warning("encoder_switch_held", switch=self.switch.pk, why=message)
        raise _Over

    def fail(self, message: str) -> None:
        self.switch.status, self.switch.message = Status.FAILED, message
        self.switch.unfinished, self.switch.finished_at = None, timezone.now()
        self._save("status", "message", "unfinished", "finished_at")
        log.error("encoder_switch_failed", switch=self.switch.pk, error=message)

    def tell(self, count: int, total: int) -> None:
        """Progress for people, and a sign of life; not more often than they look."""
        self.switch.count, self.switch.total = count, max(count, total)
        if time.monotonic() - self.told >= HEARTBEAT_SECONDS:
            self.told = time.monotonic()
            self._save("count", "total")
        if self.progress:
            self.progress(self.switch)

    def _check(self) -> None:
        if self.ends is not None and time.monotonic() >= self.ends:
            raise _Over
        status = EncoderSwitch.objects.filter(pk=self.switch.pk).values_list("status", flat=True)
        if status.first() != Status.RUNNING:
            raise _Over

    def _save(self, *fields: str) -> None:
        """Only while it is under way: who cancels must not be overruled."""
        self.switch.heartbeat_at = timezone.now()
        values = {name: getattr(self.switch, name) for name in (*fields, "heartbeat_at")}
        rows = EncoderSwitch.objects.filter(pk=self.switch.pk, unfinished=True)
        if not rows.update(**values):
            raise _Over
        if self.progress:
            self.progress(self.switch)

    def _patiently(self, call: Callable[[], T]) -> T:
        while True:
            self._check()
            try:
                return call()
            except IndexBusy:
                time.sleep(BUSY_PAUSE)
