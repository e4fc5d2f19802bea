"""Folders of labelled photos taken in from the admin: asked for, looked at, taken in, healed.

The work is `catalog.services.photo_imports`; here is who asked, how far it is, and what a worker
that died left. Photos are known by their content, so that a second pass over a folder costs
reading and changes nothing.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, cast

import structlog
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from catalog.archives import archive_check, archive_unpack
from catalog.exceptions import ImportRefused, PhotoRejected
from catalog.images import photo_measure
from catalog.services.importing import ImportReport
from catalog.services.photo_imports import photo_read, photos_import, photos_labelled
from catalog.services.photos import view_guess
from crawler.exceptions import CrawlRefused
from crawler.models import PhotoImport
from crawler.services.progress import crawl_embed_request

log = structlog.get_logger(__name__)

SAMPLES: Final = 10
BEAT_SECONDS: Final = 1.0
STALE: Final = timedelta(minutes=2)
"""A beat comes after every photo; one takes seconds at most."""
LOST_MESSAGE: Final = timedelta(minutes=2)
KEEP_UPLOADS: Final = timedelta(days=7)

Status = PhotoImport.Status


def photo_import_create(
    *,
    labels: str,
    folder: str = "",
    archive: UploadedFile[bytes] | None = None,
    requested_by: Any = None,
) -> PhotoImport:
    """Note a folder below SHOEFINDER_IMPORT_ROOT, or keep an uploaded zip, and ask for a dry run.

    Raises:
        ImportRefused: the folder is not there or may not be read, or the archive is not to be
            unpacked; nothing is kept.
    """
    if archive is not None:
        if (archive.size or 0) > settings.SHOEFINDER_IMPORT_ZIP_MAX_BYTES:
            raise ImportRefused("The archive is larger than SHOEFINDER_IMPORT_ZIP_MAX_BYTES.")
        archive_check(cast(IO[bytes], archive.file))
    else:
        import_folder(folder)
    row = PhotoImport.objects.create(
        labels=labels, folder="" if archive else folder, requested_by=requested_by,
        archive=str(archive.name)[:200] if archive else "",
    )  # fmt: skip
    if archive is not None:
        row.directory.mkdir(parents=True, exist_ok=True)
        with _zip_of(row).open("wb") as file:
            for piece in archive.chunks():
                file.write(piece)
    _enqueue(row)
    return row


def photo_import_request(*, row: PhotoImport, is_dry_run: bool) -> PhotoImport:
    """Ask for another dry run, or for taking the photos in.

    Raises:
        CrawlRefused: it is under way, or the uploaded files were deleted.
    """
    if row.archive and not _zip_of(row).is_file():
        raise CrawlRefused("The uploaded archive is not kept any more. Upload it again.")
    asked = PhotoImport.objects.filter(pk=row.pk).exclude(
        status__in=(Status.PENDING, Status.RUNNING)
    )
    if not asked.update(
        status=Status.PENDING, is_dry_run=is_dry_run, stop_requested=False, error="", done=0,
        total=0, created=0, updated=0, unchanged=0, rejected=0, rejections=[], finished_at=None,
    ):  # fmt: skip
        raise CrawlRefused("This import is under way.")
    row.refresh_from_db()
    _enqueue(row)
    return row


def photo_import_stop(*, row: PhotoImport) -> PhotoImport:
    """Stop it after the photo that is under way; what was taken in stays."""
    PhotoImport.objects.filter(pk=row.pk, status=Status.PENDING).update(
        status=Status.STOPPED, finished_at=timezone.now()
    )
    PhotoImport.objects.filter(pk=row.pk, status=Status.RUNNING).update(stop_requested=True)
    row.refresh_from_db()
    return row


def photo_import_run(*, import_id: int) -> None:
    """Carry out what was asked for; a clean exit where somebody else does, or it is gone."""
    now = timezone.now()
    waiting = PhotoImport.objects.filter(pk=import_id, status=Status.PENDING)
    if not waiting.update(status=Status.RUNNING, heartbeat_at=now):
        return
    row = PhotoImport.objects.get(pk=import_id)
    pass_ = _Pass(row)
    try:
        pass_.work()
    except _Stopped:
        pass_.end(Status.STOPPED)
    except (ImportRefused, OSError) as error:
        pass_.end(Status.FAILED, str(error))
    except Exception as error:
        pass_.end(Status.FAILED, f"{type(error).__name__}: {error}")
        raise
    else:
        pass_.end(Status.DONE)
    if not row.is_dry_run and pass_.report.created:
        crawl_embed_request()


def photo_imports_sweep() -> int:
    """Go on with what a dead worker left, ask again for what got lost, and delete uploads that
    are over; how many rows were touched."""
    now = timezone.now()
    stale = PhotoImport.objects.filter(status=Status.RUNNING, heartbeat_at__lt=now - STALE)
    touched = stale.update(status=Status.PENDING, asked_at=now - LOST_MESSAGE)
    for row in PhotoImport.objects.filter(status=Status.PENDING, asked_at__lte=now - LOST_MESSAGE):
        _enqueue(row)
        touched += 1
    old = PhotoImport.objects.exclude(archive="").exclude(
        status__in=(Status.PENDING, Status.RUNNING)
    )
    for row in old.filter(finished_at__lt=now - KEEP_UPLOADS):
        if row.directory.is_dir():
            shutil.rmtree(row.directory, ignore_errors=True)
            touched += 1
    return touched


def import_folder(name: str) -> Path:
    """A folder below SHOEFINDER_IMPORT_ROOT by its relative name.

    Raises:
        ImportRefused: there is no root, or no such folder below it.
    """
    root = settings.SHOEFINDER_IMPORT_ROOT
    if not root:
        raise ImportRefused("SHOEFINDER_IMPORT_ROOT names no folder, so that none can be imported.")
    top = Path(root).resolve()
    path = (top / name).resolve()
    if not name or not path.is_relative_to(top) or not path.is_dir():
        raise ImportRefused(f"There is no folder “{name[:100]}” below {top}.")
    return path


def import_photos_folder(row: PhotoImport) -> Path:
    """Where the photos of an import are, unpacked; ImportRefused where they are not (yet)."""
    if not row.archive:
        return import_folder(row.folder)
    marker = row.directory / "unpacked.txt"
    if not marker.is_file():
        raise ImportRefused("The archive is not unpacked.")
    return row.directory / marker.read_text(encoding="utf-8")


def photo_import_delete(*, row: PhotoImport) -> None:
    """Forget an import and its uploaded files; photos that it took in stay."""
    shutil.rmtree(row.directory, ignore_errors=True)
    row.delete()


class _Stopped(Exception):
    """Somebody asked to stop."""


class _Pass:
    """One pass over the photos, told to its row while it goes."""

    def __init__(self, row: PhotoImport) -> None:
        self.row, self.report = row, ImportReport()
        self.counts = (0, 0)
        self.beat_at = 0.0

    def work(self) -> None:
        folder = self.folder()
        if self.row.is_dry_run:
            self.sample(folder)
        photos_import(
            folder=folder, labels=self.row.labels, dry_run=self.row.is_dry_run,
            progress=self.progress, report=self.report,
        )  # fmt: skip

    def folder(self) -> Path:
        try:
            return import_photos_folder(self.row)
        except ImportRefused:
            if not self.row.archive:
                raise
        into = self.row.directory / "photos"
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        photos = archive_unpack(_zip_of(self.row), into, beat=self.beat)
        # The last thing written: without it a killed worker's half is unpacked anew.
        relative = photos.relative_to(self.row.directory).as_posix()
        (self.row.directory / "unpacked.txt").write_text(relative, encoding="utf-8")
        return photos

    def sample(self, folder: Path) -> None:
        found = photos_labelled(folder=folder, labels=self.row.labels)
        good = (one for one in found if not one.error)
        shown = (one for one in islice(good, 10 * SAMPLES) if _is_readable(folder, one.name))
        self.row.samples = [
            asdict(replace(one, view=one.view or view_guess(one.name)))
            for one in islice(shown, SAMPLES)
        ]
        PhotoImport.objects.filter(pk=self.row.pk).update(samples=self.row.samples)

    def progress(self, done: int, total: int) -> None:
        self.counts = done, total
        self.beat()

    def beat(self) -> None:
        if time.monotonic() - self.beat_at < BEAT_SECONDS:
            return
        self.beat_at = time.monotonic()
        mine = PhotoImport.objects.filter(pk=self.row.pk)
        if not mine.filter(stop_requested=False).update(**self.told()):
            raise _Stopped

    def end(self, status: str, error: str = "") -> None:
        PhotoImport.objects.filter(pk=self.row.pk).update(
            **self.told(), status=status, error=error, finished_at=timezone.now()
        )
        log.info("photo_import_ended", photo_import=self.row.pk, status=status, error=error)

    def told(self) -> dict[str, Any]:
        rejected = self.report.rejected
        return {
            "done": self.counts[0],
            "total": self.counts[1],
            "created": self.report.created,
            "updated": self.report.updated,
            "unchanged": self.report.unchanged,
            "rejected": len(rejected),
            "rejections": [asdict(one) for one in rejected[: PhotoImport.MAX_REJECTIONS]],
            "heartbeat_at": timezone.now(),
        }


def _is_readable(folder: Path, name: str) -> bool:
    try:
        photo_measure(photo_read(folder, name))
    except (ImportRefused, PhotoRejected, OSError):
        return False
    return True


def _zip_of(row: PhotoImport) -> Path:
    return row.directory / "upload.zip"


def _enqueue(row: PhotoImport) -> None:
    PhotoImport.objects.filter(pk=row.pk).update(asked_at=timezone.now())
    transaction.on_commit(lambda: _send(row.pk), robust=True)


def _send(import_id: int) -> None:
    """To the broker; where it does not answer, the sweep tries again."""
    from crawler.tasks import run_photo_import

    try:
        run_photo_import.apply_async((import_id,), retry=False)
    except OperationalError as error:
        log.warning("photo_import_not_enqueued", photo_import=import_id, error=str(error))
