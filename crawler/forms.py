"""The admin's form of a source: what every source has, and what its kind wants to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from catalog.services import retailer_get_or_create
from crawler.exceptions import SourceInvalid
from crawler.kinds import Kind, params_dump, params_load
from crawler.kinds.base import Parameter, parameters
from crawler.models import CrawlSource
from crawler.services import crawl_source_check

if TYPE_CHECKING:
    SourceModelForm = forms.ModelForm[CrawlSource]
else:
    SourceModelForm = forms.ModelForm

PREFIX = "param_"
"""Of the names of form fields that are parameters."""
_LINES = {"rows": 3, "spellcheck": "false"}


class CrawlSourceForm(SourceModelForm):
    """Checks what the service would refuse; an empty shop means a new one of the source's name.

    A subclass made by `form_of_kind` has a field for each parameter of its kind.
    """

    kind: Kind

    class Meta:
        model = CrawlSource
        exclude = ("periodic_task",)
        widgets = {
            "spider": forms.HiddenInput,
            "seeds": forms.Textarea(attrs=_LINES),
            "allowed_hosts": forms.Textarea(attrs=_LINES),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "retailer" in self.fields:
            self.fields["retailer"].required = False
            self.fields["retailer"].help_text += " Empty: a new shop of this source's name."
        if "seeds" in self.fields:
            self.fields["seeds"].help_text = self.kind.seeds_help
            self.fields["seeds"].widget.attrs["placeholder"] = self.kind.seed_example
        self.initial["spider"] = self.kind.key
        for name, value in self.instance.params.items():
            # Of another kind before: what both have stays.
            shown = "\n".join(value) if isinstance(value, list) else value
            self.initial[f"{PREFIX}{name}"] = shown

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        told = {
            name.removeprefix(PREFIX): value
            for name, value in cleaned.items()
            if name.startswith(PREFIX)
        }
        for one in parameters(self.kind.params):
            # One by one, so that each mistake stands beside its field.
            try:
                params_load(self.kind.params, {one.name: told.get(one.name, one.default)})
            except SourceInvalid as error:
                self.add_error(f"{PREFIX}{one.name}", str(error))
        if self.errors:
            return cleaned
        self.instance.spider = self.kind.key
        self.instance.params = params_dump(params_load(self.kind.params, told))
        try:
            names = {field.name for field in CrawlSource._meta.fields} - {"retailer", "params"}
            values = {name: value for name, value in cleaned.items() if name in names}
            crawl_source_check(CrawlSource(**values, params=self.instance.params))
        except SourceInvalid as error:
            raise forms.ValidationError(str(error)) from error
        if not cleaned.get("retailer"):
            website = cleaned["seeds"].split()[0]
            cleaned["retailer"] = retailer_get_or_create(name=cleaned["name"], website=website)
        return cleaned


def form_of_kind(kind: Kind) -> type[CrawlSourceForm]:
    """The form of a source of this kind."""
    fields = {f"{PREFIX}{one.name}": _field(one) for one in parameters(kind.params)}
    return type("KindSourceForm", (CrawlSourceForm,), {"kind": kind, **fields})


def parameter_fields(kind: Kind) -> list[str]:
    """Names of the form fields that are parameters of a kind."""
    return [f"{PREFIX}{one.name}" for one in parameters(kind.params)]


def _field(one: Parameter) -> forms.Field:
    shown: dict[str, Any] = {"label": one.told.label, "help_text": one.told.help, "required": False}
    if one.type is bool:
        return forms.BooleanField(initial=one.default, **shown)
    if one.told.choices:
        return forms.ChoiceField(choices=one.told.choices, initial=one.default, **shown)
    if one.type is int:
        return forms.IntegerField(
            initial=one.default, min_value=one.told.least, max_value=one.told.most, **shown
        )
    if one.is_lines:
        lines = "\n".join(one.default)
        return forms.CharField(widget=forms.Textarea(attrs=_LINES), initial=lines, **shown)
    return forms.CharField(initial=one.default, max_length=200, **shown)
