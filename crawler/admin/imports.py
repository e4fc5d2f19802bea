"""Imports of labelled photos in the admin: choose, look, take in."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.views.decorators.http import require_POST, require_safe

from catalog.exceptions import ImportRefused, PhotoRejected
from catalog.images import photo_open
from catalog.services.photo_imports import photo_read
from crawler.admin.live import LivePageAdmin
from crawler.models import PhotoImport
from crawler.services.photo_imports import (
    import_photos_folder,
    photo_import_create,
    photo_import_delete,
    photo_import_request,
    photo_import_stop,
)

MAX_FOLDERS = 500
CARD_SIDE = 240
OFF = (
    "Folders on the server cannot be chosen: SHOEFINDER_IMPORT_ROOT names none. Set it to the "
    "folder below which photos may be read, or upload a zip."
)


class PhotoImportForm(forms.Form):
    """What is to be imported."""

    folder = forms.ChoiceField(required=False)
    upload = forms.FileField(
        label="or a zip of it",
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": ".zip,application/zip"}),
    )
    labels = forms.ChoiceField(
        label="What the photos show",
        choices=PhotoImport.Labels.choices,
        initial=PhotoImport.Labels.FOLDER,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        root = settings.SHOEFINDER_IMPORT_ROOT
        if not root:
            del self.fields["folder"]
            self.fields["upload"].label = "A zip of a folder"
        else:
            chosen: Any = self.fields["folder"]
            chosen.label = f"A folder below {root}"
            chosen.choices = [("", "None"), *((one, one) for one in folders_below(Path(root)))]
        limit = settings.SHOEFINDER_IMPORT_ZIP_MAX_BYTES // 1024 // 1024
        self.fields[
            "upload"
        ].help_text = f"At most {limit:,} MB and {settings.SHOEFINDER_IMPORT_MAX_FILES:,} files."

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or self.cleaned_data
        if bool(told.get("folder")) == bool(told.get("upload")) and not self.errors:
            raise forms.ValidationError("Choose a folder or upload a zip, one of the two.")
        return told


def folders_below(root: Path) -> list[str]:
    """Folders that may be chosen, two levels deep, hidden ones left out."""
    found: list[str] = []
    for pattern in ("*", "*/*"):
        for inside in sorted(root.glob(pattern)):
            name = inside.relative_to(root).as_posix()
            if inside.is_dir() and not any(part.startswith(".") for part in name.split("/")):
                found.append(name)
            if len(found) == MAX_FOLDERS:
                break
    return sorted(found)


@admin.register(PhotoImport)
class PhotoImportAdmin(LivePageAdmin[PhotoImport]):
    page_template = "admin/crawler/import.html"
    parts_template = "admin/crawler/_import_parts.html"
    page_related = ("requested_by",)
    list_display = ("id", "what", "labels", "is_dry_run", "status", "done", "total", "created",
                    "rejected", "requested_by", "created_at")  # fmt: skip
    list_display_links = ("id", "what")
    list_filter = ("status", "is_dry_run", "labels")
    list_select_related = ("requested_by",)
    list_per_page = 50
    search_fields = ("folder", "archive")

    @admin.display(description="folder or zip")
    def what(self, row: PhotoImport) -> str:
        return str(row)

    def delete_model(self, request: HttpRequest, obj: PhotoImport) -> None:
        photo_import_delete(row=obj)

    def get_urls(self) -> list[URLPattern]:
        return [
            self.named("photo", require_safe(self.photo_view), "<int:number>/"),
            self.named("check", require_POST(self.check_view)),
            self.named("start", require_POST(self.start_view)),
            self.named("stop", require_POST(self.stop_view)),
            *super().get_urls(),
        ]

    def page_title(self, work: PhotoImport) -> str:
        return f"Import of {work}"

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Choose a folder or a zip; leads to the page of its dry run."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = PhotoImportForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            told = form.cleaned_data
            try:
                row = photo_import_create(
                    labels=told["labels"], folder=told.get("folder", ""), archive=told["upload"],
                    requested_by=request.user,
                )  # fmt: skip
            except ImportRefused as error:
                form.add_error(None, str(error))
            else:
                return HttpResponseRedirect(row.get_absolute_url())
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Import a folder of photos",
            "form": form,
            "off": "" if settings.SHOEFINDER_IMPORT_ROOT else OFF,
        }
        return TemplateResponse(request, "admin/crawler/import_add.html", context)

    def photo_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """A small version of a photo of the dry run's cards."""
        row = self.work_for(request, pk)
        if number >= len(row.samples):
            raise Http404
        try:
            content = photo_read(import_photos_folder(row), row.samples[number]["name"])
            # Not stored yet: nobody has looked at its size.
            image = photo_open(content, reduced=True).image
        except (ImportRefused, PhotoRejected, OSError) as error:
            raise Http404 from error
        image.thumbnail((CARD_SIDE, CARD_SIDE))
        small = BytesIO()
        image.save(small, "WEBP", quality=80)
        headers = {"Cache-Control": "private, max-age=300"}
        return HttpResponse(small.getvalue(), content_type="image/webp", headers=headers)

    def check_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        def again(row: PhotoImport) -> None:
            photo_import_request(row=row, is_dry_run=True)

        return self.act(request, pk, again, "The folder is looked at again.")

    def start_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        def start(row: PhotoImport) -> None:
            photo_import_request(row=row, is_dry_run=False)

        return self.act(request, pk, start, "The photos are being taken in.")

    def stop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        def stop(row: PhotoImport) -> None:
            photo_import_stop(row=row)

        return self.act(request, pk, stop, "It stops after the photo under way.")

    def told(self, request: HttpRequest, work: PhotoImport) -> dict[str, Any]:
        return {
            "row": work,
            "may_act": self.has_change_permission(request, work),
            "may_delete": self.has_delete_permission(request, work),
        }
