"""What photos say of colorways, beside what is stated; corrected in the list, and taken back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.admin.base import ModelAdmin, picture
from catalog.exceptions import CorrectionError
from catalog.models import AttributePrediction, Category, Gender, Height
from catalog.selectors import disagreeing
from catalog.services import (
    attribute_correct,
    correction_read,
    corrections_undo,
    predictions_forget,
)

Attribute = AttributePrediction.Attribute
CHOICES: dict[str, Any] = {
    Attribute.HEIGHT: Height.choices,
    Attribute.CATEGORY: Category.choices,
    Attribute.GENDER: Gender.choices,
}
HINTS = {Attribute.COLOURS: "black / white", Attribute.BRAND: "name of a brand"}
STEPS = ((0.95, "95 % and more"), (0.8, "80 to 95 %"), (0.5, "50 to 80 %"), (0.0, "below 50 %"))


class CorrectionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A correction in the words of its attribute; emptied, it is taken back."""

    class Meta:
        model = AttributePrediction
        fields = ("corrected",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field, attribute = self.fields["corrected"], self.instance.attribute
        if attribute in CHOICES:
            field.widget = forms.Select(choices=[("", "–"), *CHOICES[attribute]])
        else:
            field.widget = forms.TextInput(
                attrs={"placeholder": HINTS.get(attribute, ""), "size": 10}
            )
        field.widget.attrs["aria-label"] = f"Correction of {attribute or 'the attribute'}"

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or self.cleaned_data
        attribute = told.get("attribute") or self.instance.attribute
        if told.get("corrected") and attribute:
            try:
                told["corrected"] = correction_read(attribute=attribute, value=told["corrected"])
            except CorrectionError as error:
                self.add_error("corrected", str(error))
        return told


class NewCorrectionForm(CorrectionForm):
    """A correction of what nobody predicted."""

    class Meta(CorrectionForm.Meta):
        fields = ("colorway", "attribute", "corrected")  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["corrected"].required = True
        self.fields["corrected"].help_text = (
            "Colours in order, like black / off white; a brand by its name; height, kind and for "
            "whom by the words of the catalog. It counts before what shops state."
        )

    def _post_clean(self) -> None:
        """An attribute that has a row already is corrected there."""
        told = self.cleaned_data
        row = AttributePrediction.objects.filter(
            colorway=told.get("colorway"), attribute=told.get("attribute", "")
        ).first()
        if row is not None:
            self.instance = row
        super()._post_clean()  # type: ignore[misc]


class ConfidenceFilter(admin.SimpleListFilter):
    title = "confidence"
    parameter_name = "confidence"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(low), label) for low, label in STEPS]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        lows = [low for low, _ in STEPS]
        chosen = next((low for low in lows if str(low) == self.value()), None)
        if chosen is None:
            return rows
        rows = rows.filter(confidence__gte=chosen).exclude(predicted="")
        above = [low for low in lows if low > chosen]
        return rows.filter(confidence__lt=min(above)) if above else rows


class SourceFilter(admin.SimpleListFilter):
    title = "what counts"
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("disagrees", "Otherwise than stated"),
            ("unstated", "Stated nowhere"),
            ("corrected", "Corrected"),
            ("overruled", "Corrected otherwise than predicted"),
        ]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "disagrees":
                return rows.filter(disagreeing())
            case "unstated":
                return rows.filter(stated="")
            case "corrected":
                return rows.exclude(corrected="")
            case "overruled":
                return rows.exclude(corrected="").exclude(predicted="").exclude(
                    predicted=F("corrected")
                )  # fmt: skip
            case _:
                return rows


@admin.register(AttributePrediction)
class AttributePredictionAdmin(ModelAdmin):
    change_list_template = "admin/catalog/predictions.html"
    list_display = ("shown", "shoe", "attribute", "corrected", "sure", "said", "undo")
    list_display_links = ("attribute",)
    list_editable = ("corrected",)
    list_filter = ("attribute", ConfidenceFilter, SourceFilter)
    list_select_related = ("colorway__model__brand", "colorway__cover")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("colorway__name", "colorway__style_code", "colorway__model__name",
                     "colorway__model__brand__name", "stated", "predicted",
                     "corrected")  # fmt: skip
    autocomplete_fields = ("colorway",)
    actions = ("take_back", "predict_again")

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        return CorrectionForm

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = CorrectionForm if change else NewCorrectionForm
        return super().get_form(request, obj, change=change, **{**kwargs, "form": form})

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ("colorway", "attribute", "corrected")
        return (
            "shown",
            "shoe",
            "attribute",
            "corrected",
            *self.get_readonly_fields(request, obj)[3:],
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        return ("shown", "shoe", "attribute", "stated", "sure", "encoder_id",
                "predicted_at", "corrected_by", "corrected_at")  # fmt: skip

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Without “Add” beside the list's name: predictions are made by themselves, and what is
        added by hand is a correction (`add_view`)."""
        return {**super().get_model_perms(request), "add": False}

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {
            "title": "Correct an attribute that has no prediction",
            "show_save_and_add_another": False, "show_save_and_continue": False,
            **(extra_context or {}),
        }  # fmt: skip
        return super().add_view(request, form_url, context)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # Emptied, a correction is taken back; a prediction is made anew.

    @admin.display(description="photo")
    def shown(self, row: AttributePrediction) -> SafeString | str:
        return picture(row.colorway.cover)

    @admin.display(description="colorway")
    def shoe(self, row: AttributePrediction) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>', row.colorway.get_absolute_url(), str(row.colorway)
        )

    @admin.display(description="predicted", ordering="confidence")
    def sure(self, row: AttributePrediction) -> str:
        if not row.predicted:
            return "–"
        return f"{_spaced(row.predicted)}, {row.confidence:.0%}" + (
            "" if row.counts else " (unsure)"
        )

    @admin.display(description="stated", ordering="stated")
    def said(self, row: AttributePrediction) -> str:
        return _spaced(row.stated)

    @admin.display(description="take back")
    def undo(self, row: AttributePrediction) -> SafeString | str:
        if not row.corrected:
            return ""
        return format_html(
            '<button type="submit" class="button" name="_take_back" value="{}">Take back</button>',
            row.pk,
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        number = request.POST.get("_take_back", "")
        if number.isdecimal() and self.has_change_permission(request):
            chosen = AttributePrediction.objects.filter(pk=int(number[:18]))
            self._took_back(request, chosen)
            return HttpResponseRedirect(request.get_full_path())
        context = {"title": "What photos say, and what is corrected", **(extra_context or {})}
        return super().changelist_view(request, context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if obj.corrected:
            kept = attribute_correct(
                colorway=obj.colorway, attribute=obj.attribute, value=obj.corrected,
                by=request.user,
            )  # fmt: skip
            obj.pk, obj._state.adding = kept.pk, False
        else:
            corrections_undo(rows=AttributePrediction.objects.filter(pk=obj.pk))

    @admin.action(description="Take corrections back", permissions=["change"])
    def take_back(self, request: HttpRequest, chosen: QuerySet[AttributePrediction]) -> None:
        self._took_back(request, chosen)

    @admin.action(description="Predict these colorways anew", permissions=["change"])
    def predict_again(self, request: HttpRequest, chosen: QuerySet[AttributePrediction]) -> None:
        count = predictions_forget(colorways=chosen.values_list("colorway_id", flat=True))
        messages.success(request, f"{count} colorways will be predicted anew within a minute.")

    def _took_back(self, request: HttpRequest, rows: QuerySet[AttributePrediction]) -> None:
        count = corrections_undo(rows=rows)
        messages.success(request, f"{count} corrections taken back: what is stated counts again.")


def _spaced(value: str) -> str:
    """Colours as people write them, so that a narrow column breaks between two of them."""
    return value.replace("/", " / ")
