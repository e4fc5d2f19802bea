"""The encoder in the admin: which one answers, a switch, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from search.active import active_name, active_switch
from search.admin.base import ReadOnly
from search.exceptions import IndexBusy, SearchError
from search.models import EncoderSwitch
from search.services import (
    encoder_forget,
    encoder_rollback,
    encoder_switch_cancel,
    encoder_switch_request,
)
from search.switches import encoders_kept, switch_plan, switch_unfinished

SWITCH = EncoderSwitch.Status


class SwitchForm(forms.Form):
    """Which encoder."""

    name = forms.CharField(
        max_length=400,
        label="Encoder",
        help_text="As SHOEFINDER_ENCODER takes it: lite, the id of a CLIP or SigLIP, or a folder.",
    )
    anyway = forms.BooleanField(
        required=False,
        label="Also if photos are missing or labelled queries are answered worse",
    )


@admin.register(EncoderSwitch)
class EncoderSwitchAdmin(ReadOnly):
    list_display = ("requested_at", "name", "status", "trigger", "encoder_id", "swapped_at")
    list_display_links = ("requested_at", "name")
    fields = (
        "name", "encoder_id", "dim", "from_name", "from_encoder_id", "status", "message", "stage",
        "trigger", "anyway", "total", "count", "bytes_needed", "comparison", "requested_at",
        "started_at", "heartbeat_at", "swapped_at", "finished_at",
    )  # fmt: skip
    change_list_template = "admin/search/encoderswitch/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("panel/", wrap(self.panel_view), name="search_encoderswitch_panel"),
            path("switch/", wrap(self.switch_view), name="search_encoderswitch_switch"),
            path("rollback/", wrap(self.rollback_view), name="search_encoderswitch_rollback"),
            path("cancel/", wrap(self.cancel_view), name="search_encoderswitch_cancel"),
            path("forget/", wrap(self.forget_view), name="search_encoderswitch_forget"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(
            request, {"title": "Encoder", **(extra_context or {}), **self._context(request)}
        )

    def panel_view(self, request: HttpRequest) -> HttpResponse:
        """The panel alone, for the page that keeps itself up to date."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        template = "admin/search/encoderswitch/_panel.html"
        return require_safe(TemplateResponse)(request, template, self._context(request))

    def switch_view(self, request: HttpRequest) -> HttpResponse:
        """Ask which, show what it takes, then enqueue."""
        return require_http_methods(["GET", "HEAD", "POST"])(self._switch)(request)

    def rollback_view(self, request: HttpRequest) -> HttpResponse:
        """Confirm, then go back."""
        return self._confirmed(
            request,
            title="Go back to the encoder before",
            text="It answers again at once. Photos that came since are searchable again when they "
            "have been embedded for it. The present encoder is kept.",
            button="Go back",
            act=lambda: f"{encoder_rollback().name} answers again.",
        )

    def cancel_view(self, request: HttpRequest) -> HttpResponse:
        """Confirm, then give up."""
        return self._confirmed(
            request,
            title="Give up the switch",
            text="Searches are answered as now. What has been embedded is kept for another try.",
            button="Give it up",
            act=lambda: f"The switch to {encoder_switch_cancel().name} is given up.",
        )

    def forget_view(self, request: HttpRequest) -> HttpResponse:
        """Confirm, then delete vectors and index of an encoder that is not in use."""
        encoder_id = request.GET.get("id", "")
        return self._confirmed(
            request,
            title="Delete an encoder's vectors",
            text=f"All vectors and the index of {encoder_id} are deleted. Only embedding every "
            "photo anew brings them back.",
            button="Delete",
            act=lambda: f"{encoder_forget(encoder_id=encoder_id).vectors:,} vectors are gone.",
        )

    def may_switch(self, request: HttpRequest) -> bool:
        return request.user.has_perm("search.add_encoderswitch")

    def _switch(self, request: HttpRequest) -> HttpResponse:
        if not self.may_switch(request):
            raise PermissionDenied
        form = SwitchForm(request.POST or request.GET or None)
        plan = None
        if form.is_valid():
            name = form.cleaned_data["name"]
            try:
                if request.method == "POST":
                    encoder_switch_request(
                        name=name,
                        trigger=EncoderSwitch.Trigger.ADMIN,
                        anyway=form.cleaned_data["anyway"],
                    )
                    messages.success(request, f"The switch to {name} goes on in the background.")
                    return HttpResponseRedirect(_back())
                plan = switch_plan(name=name)
            except SearchError as error:
                form.add_error("name", str(error))
        return self._page(
            request, "switch.html", title="Switch the encoder", form=form, plan=plan,
            active=active_name(),
        )  # fmt: skip

    def _confirmed(
        self, request: HttpRequest, *, title: str, text: str, button: str, act: Callable[[], str]
    ) -> HttpResponse:
        if not self.may_switch(request):
            raise PermissionDenied
        if request.method in {"GET", "HEAD"}:
            return self._page(request, "confirm.html", title=title, text=text, button=button)
        return require_POST(self._act)(request, act)

    def _act(self, request: HttpRequest, act: Callable[[], str]) -> HttpResponse:
        try:
            messages.success(request, act())
        except IndexBusy as error:
            messages.error(request, f"{error} Try again in a moment.")
        except SearchError as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(_back())

    def _page(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        return TemplateResponse(
            request,
            f"admin/search/encoderswitch/{template}",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "back": _back(),
                **context,
            },
        )

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        unfinished, last = switch_unfinished(), active_switch()
        return {
            "active": active_name(),
            "setting": settings.SHOEFINDER_ENCODER,
            "kept": encoders_kept(),
            "unfinished": unfinished,
            "held": unfinished is not None and unfinished.status == SWITCH.HELD,
            "can_go_back": bool(last and last.from_name),
            "may_switch": self.may_switch(request),
            "poll_seconds": 2 if unfinished else 15,
        }


def _back() -> str:
    return reverse("admin:search_encoderswitch_changelist")
