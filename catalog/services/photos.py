"""Photos are stored by the hash of their content, each once, with every place it was got from."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.images import photo_measure
from catalog.models import (
    Colorway,
    ImageSource,
    ImageStatus,
    Listing,
    PhotoCheck,
    ShoeImage,
    View,
    ViewBy,
    image_path,
)
from catalog.services.colorways import colorways_refresh
from catalog.services.drafts import url_digest
from catalog.text import text_clean
from catalog.types import MAX_URL, Outcome

_VIEW_WORDS = {
    "lateral": View.LATERAL, "outer": View.LATERAL,
    "medial": View.MEDIAL, "inner": View.MEDIAL,
    "top": View.TOP, "above": View.TOP,
    "sole": View.SOLE, "outsole": View.SOLE, "bottom": View.SOLE,
    "pair": View.PAIR, "both": View.PAIR,
    "worn": View.WORN, "onfeet": View.WORN, "onfoot": View.WORN, "feet": View.WORN,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoResult:
    """What became of a photo."""

    image: ShoeImage
    outcome: Outcome
    """CREATED: new content. UPDATED: known content from a new place. UNCHANGED: nothing new."""


def photo_store(
    *,
    content: bytes,
    url: str,
    listing: Listing | None = None,
    colorway: Colorway | None = None,
    position: int = 0,
) -> PhotoResult:
    """Keep a photo and where it was got.

    Args:
        url: the address that gave it, or a ``file:`` path of an import.
        listing: the page that shows it; its colorway counts unless ``colorway`` is given.
        position: in the page's gallery, from 0.

    Raises:
        PhotoRejected: the bytes are no photo within the limits; nothing is stored.
    """
    digest = hashlib.sha256(content).hexdigest()
    image = ShoeImage.objects.filter(sha256=digest).first()
    if image is None or not image_is_whole(image):
        unsaved = image_from(content, digest, url)
        # The file before the row: a row never points at nothing, and a file without a row is
        # found again by its name.
        file_write(unsaved.file.storage, str(unsaved.file.name), content)
    created = False
    with transaction.atomic():
        if image is None:
            image, created = _insert(unsaved)
        new_place = _source_note(image, url, listing, position)
        attached = _attach(image, listing, colorway)
    outcome = Outcome.UPDATED if new_place or attached else Outcome.UNCHANGED
    return PhotoResult(image=image, outcome=Outcome.CREATED if created else outcome)


def image_from(content: bytes, digest: str, url: str) -> ShoeImage:
    """The row of a photo, not yet saved."""
    photo, view = photo_measure(content, sha256=digest), view_guess(url)
    image = ShoeImage(
        sha256=digest,
        perceptual_hash=photo.perceptual_hash,
        format=photo.format,
        byte_size=len(content),
        width=photo.width,
        height=photo.height,
        view=view,
        view_by=ViewBy.STATED if view else "",
    )
    image.file.name = image_path(image, "")
    return image


def photo_known(*, url: str, listing: Listing) -> ShoeImage | None:
    """The photo that this address gave before, so that it need not be asked for again.

    Marks it as seen now; where another page of the same shop showed it, this listing is noted
    too. None when the address is new, or the stored file is gone and must be got anew.
    """
    known = (
        ImageSource.objects.filter(url_sha256=url_digest(source_url(url)))
        .filter(listing__retailer_id=listing.retailer_id)
        .select_related("image")
        .order_by("-last_seen_at", "-id")
    )
    source = known.filter(listing=listing).first() or known.first()
    if source is None or not image_is_whole(source.image):
        return None
    with transaction.atomic():
        _source_note(source.image, url, listing, source.position)
        _attach(source.image, listing, None)
    return source.image


def image_reject(*, image: ShoeImage, reason: str) -> None:
    """Take a photo out of pages and search; the file stays, so that it is not crawled again."""
    _set_status(image, ImageStatus.REJECTED, text_clean(reason, 40) or "by hand")


def image_restore(*, image: ShoeImage) -> None:
    """Undo `image_reject`, for good: no photo rule rejects it again."""
    PhotoCheck.objects.filter(image=image).update(kept=True)
    _set_status(image, ImageStatus.ACCEPTED, "")


def image_delete(*, image: ShoeImage) -> None:
    """Forget a photo, its places and its file. A crawl that meets it again takes it in again; to
    keep it out, reject it."""
    storage, name = image.file.storage, str(image.file.name)
    with transaction.atomic():
        affected = _colorways_of(image)
        image.delete()
        colorways_refresh(affected)
        # After the commit: a row must never point at nothing.
        transaction.on_commit(lambda: storage.delete(name))


def _set_status(image: ShoeImage, status: ImageStatus, rejection: str) -> None:
    with transaction.atomic():
        image.status, image.rejection = status, rejection
        image.save(update_fields=["status", "rejection", "updated_at"])
        colorways_refresh(_colorways_of(image))


def _colorways_of(image: ShoeImage) -> set[int]:
    numbers = set(
        image.sources.filter(listing__colorway__isnull=False).values_list(
            "listing__colorway_id", flat=True
        )
    )
    numbers |= set(Colorway.objects.filter(cover=image).values_list("id", flat=True))
    return {number for number in (*numbers, image.colorway_id) if number}


def view_guess(url: str) -> str:
    """The side that a file's name tells: "…/stan-smith_sole.jpg" → sole; "" when it does not."""
    name = re.split(r"[?#]", url, maxsplit=1)[0].rpartition("/")[2].lower().rpartition(".")[0]
    words = re.findall(r"[a-z]+", name)
    if not words or words[-1] not in _VIEW_WORDS:
        return ""
    # "…-high-top.jpg" names the shoe.
    if words[-1] == "top" and words[-2:-1] in (["high"], ["hi"], ["mid"], ["low"]):
        return ""
    return _VIEW_WORDS[words[-1]].value


def _insert(image: ShoeImage) -> tuple[ShoeImage, bool]:
    try:
        with transaction.atomic():
            image.save()
            return image, True
    except IntegrityError:
        return ShoeImage.objects.get(sha256=image.sha256), False


def source_url(url: str) -> str:
    return text_clean(url, MAX_URL)


def _source_note(image: ShoeImage, url: str, listing: Listing | None, position: int) -> bool:
    """Write down where it was got; whether that is new."""
    url = source_url(url)
    now = timezone.now()
    position = min(max(position, 0), 32767)
    key = {"image": image, "url_sha256": url_digest(url), "listing": listing}
    if _source_seen(key, now):
        return False
    try:
        with transaction.atomic():
            ImageSource.objects.create(
                **key, url=url, position=position, first_seen_at=now, last_seen_at=now
            )
            return True
    except IntegrityError:
        _source_seen(key, now)
        return False


def _source_seen(key: dict[str, object], now: datetime) -> bool:
    return bool(ImageSource.objects.filter(**key).update(last_seen_at=now))


def _attach(image: ShoeImage, listing: Listing | None, colorway: Colorway | None) -> bool:
    """Give a photo without a colorway its own, and a colorway without a cover one."""
    number = colorway.pk if colorway else listing.colorway_id if listing else None
    if number is None:
        return False
    attached = False
    if image.colorway_id is None:
        image.colorway_id = number
        image.save(update_fields=["colorway", "updated_at"])
        attached = True
    if Colorway.objects.filter(pk=number, cover=None).exists():
        colorways_refresh([number])
    return attached


def image_is_whole(image: ShoeImage) -> bool:
    """Whether the stored file is there at its full size (a copy may have been cut by a crash)."""
    storage, name = image.file.storage, str(image.file.name)
    try:
        return bool(storage.size(name) == image.byte_size)
    except OSError:
        return False


def file_write(storage: Storage, name: str, content: bytes) -> None:
    """Under exactly this name, whole or not at all."""
    try:
        path = Path(storage.path(name))
    except NotImplementedError:
        # Not a folder (S3): an upload there is whole or absent by itself.
        if storage.exists(name):
            storage.delete(name)
        storage.save(name, ContentFile(content))
        return
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        try:
            beside.write_bytes(content)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(content)
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
