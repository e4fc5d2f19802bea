"""Folders of photos imported from the admin: chosen or uploaded, looked at, taken in, healed."""

from __future__ import annotations

import io
import stat
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.archives import archive_check, archive_unpack
from catalog.exceptions import ImportRefused
from catalog.models import ShoeImage, ShoeModel
from crawler.models import PhotoImport
from crawler.services import photo_import_run, photo_import_stop, photo_imports_sweep
from tests.catalog.photos import photo_bytes

pytestmark = pytest.mark.django_db
Status = PhotoImport.Status
ADD = "admin:crawler_photoimport_add"


@pytest.fixture(autouse=True)
def _folders(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT, settings.VAR_DIR = tmp_path / "media", tmp_path / "var"
    settings.SHOEFINDER_IMPORT_ROOT = str(tmp_path / "root")
    photos = tmp_path / "root" / "shoes"
    for number, name in enumerate(("karo_wave/1.jpg", "karo_wave/2_sole.jpg", "karo/3.jpg")):
        (photos / name).parent.mkdir(parents=True, exist_ok=True)
        (photos / name).write_bytes(photo_bytes(number + 1))
    (photos / "karo_wave" / "bad.jpg").write_bytes(b"no photo")


@pytest.fixture
def boss(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def asked(client: Client, **fields: Any) -> PhotoImport:
    page = client.post(reverse(ADD), {"labels": "folder", **fields})
    assert page.status_code == 302, page.context["form"].errors
    return PhotoImport.objects.latest("pk")


def act(client: Client, row: PhotoImport, action: str) -> PhotoImport:
    address = reverse(f"admin:crawler_photoimport_{action}", args=[row.pk])
    assert client.post(address).status_code == 302
    row.refresh_from_db()
    return row


def test_a_folder_is_looked_at_and_then_taken_in(boss: Client) -> None:
    row = asked(boss, folder="shoes")
    assert row.status == Status.PENDING
    photo_import_run(import_id=row.pk)
    row.refresh_from_db()
    assert (row.status, row.created, row.rejected) == (Status.DONE, 2, 2)
    assert not ShoeImage.objects.exists()
    page = boss.get(row.get_absolute_url()).content.decode()
    assert [one["name"] for one in row.samples] == ["karo_wave/1.jpg", "karo_wave/2_sole.jpg"]
    assert "karo_wave/1.jpg" in page
    assert "names no model after the brand" in page
    card = boss.get(reverse("admin:crawler_photoimport_photo", args=[row.pk, 0]))
    assert card.headers["Content-Type"] == "image/webp"

    act(boss, row, "start")
    photo_import_run(import_id=row.pk)
    row.refresh_from_db()
    assert (row.status, row.is_dry_run, row.created) == (Status.DONE, False, 2)
    assert str(ShoeModel.objects.get()) == "Karo Wave"
    assert set(ShoeImage.objects.values_list("view", flat=True)) == {"", "sole"}
    live = boss.get(reverse("admin:crawler_photoimport_live", args=[row.pk]))
    assert live.headers["X-Run-Active"] == "no"


def test_a_zip_with_a_table_of_labels_inside_one_folder(boss: Client) -> None:
    table = b"file,brand,model,view\na.jpg,Karo,Wave,top\nb.jpg,Karo,,\ngone.jpg,Karo,Wave,\n"
    content = zipped({"x/labels.csv": table, "x/a.jpg": photo_bytes(4), "__MACOSX/x": b"?"})
    row = asked(boss, labels="csv", upload=SimpleUploadedFile("own.zip", content))
    photo_import_run(import_id=row.pk)
    row.refresh_from_db()
    assert (row.status, row.created) == (Status.DONE, 1)
    assert [one["line"] for one in row.rejections] == [3, 4]
    act(boss, row, "start")
    photo_import_run(import_id=row.pk)
    assert ShoeImage.objects.get().view == "top"
    # Uploads are deleted a while after they are over; the import cannot be repeated then.
    PhotoImport.objects.update(finished_at=timezone.now() - timedelta(days=8))
    assert photo_imports_sweep() == 1
    assert (
        "Upload it again"
        in boss.post(
            reverse("admin:crawler_photoimport_start", args=[row.pk]), follow=True
        ).content.decode()
    )


def test_a_folder_outside_of_the_root_and_no_root_at_all(boss: Client, settings: Any) -> None:
    page = boss.post(reverse(ADD), {"labels": "folder", "folder": "../var"})
    assert "not one of the available choices" in page.content.decode()
    assert "one of the two" in boss.post(reverse(ADD), {"labels": "folder"}).content.decode()
    settings.SHOEFINDER_IMPORT_ROOT = ""
    assert "SHOEFINDER_IMPORT_ROOT names none" in boss.get(reverse(ADD)).content.decode()
    assert not PhotoImport.objects.exists()


def test_what_a_dead_worker_left_is_done_by_another(boss: Client) -> None:
    row = asked(boss, folder="shoes")
    long_ago = timezone.now() - timedelta(minutes=10)
    PhotoImport.objects.update(status=Status.RUNNING, heartbeat_at=long_ago)
    assert photo_imports_sweep() == 2
    photo_import_run(import_id=row.pk)
    row.refresh_from_db()
    assert row.status == Status.DONE
    photo_import_run(import_id=row.pk)  # A message that came twice finds nothing to do.
    photo_import_run(import_id=row.pk + 1)


def test_it_stops_when_asked(boss: Client) -> None:
    row = asked(boss, folder="shoes")
    assert photo_import_stop(row=row).status == Status.STOPPED
    act(boss, row, "check")
    PhotoImport.objects.update(stop_requested=True)
    photo_import_run(import_id=row.pk)
    row.refresh_from_db()
    assert row.status == Status.STOPPED


def link(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no zip", "no zip archive"),
        (zipped({"../out.jpg": b"x"}), "outside of its folder"),
        (zipped({"/etc/x.jpg": b"x"}), "outside of its folder"),
        (zipped({"C:/x.jpg": b"x"}), "outside of its folder"),
        (zipped({"a\\..\\x.jpg": b"x"}), "outside of its folder"),
        (link("a/x.jpg"), "is a link"),
        (zipped({"bomb.jpg": bytes(3 * 1024 * 1024)}), "200 times"),
        (zipped({f"{n}.jpg": b"x" for n in range(6)}), "6 files"),
        (zipped({"a.jpg": bytes(5 * 1024 * 1024)}), "larger than"),
    ],
)
def test_an_archive_that_would_do_harm_is_refused(
    content: bytes, words: str, settings: Any, tmp_path: Path
) -> None:
    settings.SHOEFINDER_IMPORT_MAX_FILES = 5
    settings.SHOEFINDER_IMPORT_ZIP_MAX_BYTES = 4 * 1024 * 1024
    with pytest.raises(ImportRefused, match=words):
        archive_check(io.BytesIO(content))
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(ImportRefused):
        archive_unpack(path, tmp_path / "into")
    assert not [one for one in tmp_path.rglob("*.jpg") if "root" not in one.parts]


def test_a_header_that_lies_about_the_size_is_caught(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.jpg": bytes(range(256)) * 8}))
    real, lie = (2048).to_bytes(4, "little"), (16).to_bytes(4, "little")
    path = tmp_path / "x.zip"
    path.write_bytes(bytes(content).replace(real, lie))
    with pytest.raises(ImportRefused):
        archive_unpack(path, tmp_path / "into")
