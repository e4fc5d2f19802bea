"""The admin's form of a source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from catalog.services import retailer_get_or_create
from crawler.exceptions import SourceInvalid
from crawler.models import CrawlSource
from crawler.services import crawl_source_check

if TYPE_CHECKING:
    SourceModelForm = forms.ModelForm[CrawlSource]
else:
    SourceModelForm = forms.ModelForm


class CrawlSourceForm(SourceModelForm):
    """Checks what the service would refuse; an empty shop means a new one of the source's name."""

    class Meta:
        model = CrawlSource
        exclude = ("periodic_task",)
        widgets = {
            "seeds": forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
            "allowed_hosts": forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "retailer" in self.fields:
            self.fields["retailer"].required = False
            self.fields["retailer"].help_text += " Empty: a new shop of this source's name."

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        try:
            names = {field.name for field in CrawlSource._meta.fields} - {"retailer"}
            told = {name: value for name, value in cleaned.items() if name in names}
            crawl_source_check(CrawlSource(**told))
        except SourceInvalid as error:
            raise forms.ValidationError(str(error)) from error
        if not cleaned.get("retailer"):
            website = cleaned["seeds"].split()[0]
            cleaned["retailer"] = retailer_get_or_create(name=cleaned["name"], website=website)
        return cleaned
