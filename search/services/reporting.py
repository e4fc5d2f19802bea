"""What visitors say of names: stored with the photo's vector, reviewed, learned from."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from functools import partial
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from catalog.images import photo_load
from catalog.models import ShoeModel
from search.active import active_encoder
from search.encoders.base import enough_pixels
from search.exceptions import QueryError
from search.models import NameReport
from search.queries import query_photo_get
from search.query import MAX_ID, words_clean
from search.recognition.serving import identify, upright_vector

MAX_SAID = 200


def name_report_create(
    *,
    photo: str,
    kind: str,
    model_id: int | None = None,
    said: str = "",
    keep_photo: bool = False,
    method: str = "",
) -> NameReport:
    """Store what a visitor says of the name of their photo (``photo``: its token).

    What the card said is found out here again, not taken from the form. The photo itself is kept
    only with ``keep_photo``; its vector always.

    Raises:
        QueryPhotoExpired: the photo is no longer there.
        QueryError: there is no such kind or model, or "mine" names none.
        IndexUnavailable, EncoderError: the operator must act.
    """
    if kind not in NameReport.Kind.values:
        raise QueryError("A report says either that this is your shoe, or that its name is wrong.")
    model = None
    if model_id is not None:
        model = ShoeModel.objects.filter(pk=model_id).first() if 0 < model_id <= MAX_ID else None
        if model is None:
            raise QueryError("There is no such shoe in the catalog.")
        model = model.merged_into or model
    if kind == NameReport.Kind.MINE and model is None:
        raise QueryError("Say which shoe is yours.")
    kept = query_photo_get(photo)
    with kept.file.open("rb") as file:
        content = file.read()
    encoder = active_encoder()
    with kept.file.open("rb") as file:
        image = photo_load(file, at_least=enough_pixels(encoder))
    found = upright_vector(image, encoder=encoder)
    named = identify(found.vector, method=method, encoder=encoder)
    first = named.candidates[0] if named.candidates else None
    report = NameReport(
        kind=kind,
        encoder_id=str(encoder.id),
        vector=found.vector.astype("<f4").tobytes(),
        method=named.method,
        named_id=first.model_id if first else None,
        confidence=first.confidence if first else 0.0,
        model=model,
        said=words_clean(said)[:MAX_SAID],
    )
    if keep_photo:
        report.photo.save(f"{secrets.token_urlsafe(24)}.jpg", ContentFile(content), save=False)
    report.save()
    return report


def name_reports_review(
    *, reports: Iterable[NameReport], accept: bool, reviewer: Any = None
) -> tuple[int, int]:
    """Accept reports as labels, or reject them; how many were, and how many lack a model.

    An accepted report needs the model it stands for. A rejected one loses its photo.
    """
    done = without = 0
    for report in reports:
        if accept and report.model_id is None:
            without += 1
            continue
        if not accept and report.photo:
            # After the row: a row that names a lost file would be worse than a file without a row.
            name, storage = str(report.photo.name), report.photo.storage
            report.photo = ""
            transaction.on_commit(partial(storage.delete, name))
        report.status = NameReport.Status.ACCEPTED if accept else NameReport.Status.REJECTED
        report.reviewed_at, report.reviewed_by = timezone.now(), reviewer
        report.save()
        done += 1
    return done, without
