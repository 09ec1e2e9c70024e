"""What oversight members fill in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime

from common.vocabulary import JURISDICTION_PARENTS, CustomerCategory, Operation, Purpose
from governance.services import Selector

_SELECTORS: Final = ("categories", "end_users", "purposes", "operations", "jurisdictions")


def _any_of(slugs: Iterable[str], *, label: str, help_text: str = "") -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        choices=[(str(slug), str(slug).replace("_", " ")) for slug in slugs],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=label,
        help_text=help_text,
    )


class MoratoriumForm(forms.Form):
    """A category of use to stop. A part left empty means any."""

    categories = _any_of(CustomerCategory, label="Categories of tenants", help_text="Also whom a tenant acts for.")
    end_users = _any_of(CustomerCategory, label="End users", help_text="Only where it is done on behalf of these.")
    purposes = _any_of(Purpose, label="Purposes")
    operations = _any_of(Operation, label="Operations")
    jurisdictions = forms.MultipleChoiceField(
        choices=[(code, code) for code in sorted(JURISDICTION_PARENTS)],
        required=False,
        help_text="With everything below them. None: everywhere.",
    )
    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}))
    legal_source = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    effective_from = forms.SplitDateTimeField(
        required=False, widget=AdminSplitDateTime, help_text="UTC. Empty: from this moment on."
    )
    effective_until = forms.SplitDateTimeField(
        required=False, widget=AdminSplitDateTime, help_text="UTC. Empty: until further notice."
    )

    def clean(self) -> dict[str, Any]:
        """Refuse a moratorium over everything that there is, which an empty form would be."""
        values: dict[str, Any] = super().clean() or {}
        if not self.errors and not any(values.get(name) for name in _SELECTORS):
            raise forms.ValidationError(
                "Say what is to stop: choose at least one category, end user, purpose or operation."
            )
        begins, ends = values.get("effective_from"), values.get("effective_until")
        if begins and ends and ends <= begins:
            raise forms.ValidationError("It would end before it begins.")
        return values

    @property
    def selector(self) -> Selector:
        """What a valid form selects."""
        values = self.cleaned_data
        return Selector(
            categories=[CustomerCategory(slug) for slug in values["categories"]],
            end_users=[CustomerCategory(slug) for slug in values["end_users"]],
            purposes=[Purpose(slug) for slug in values["purposes"]],
            operations=[Operation(slug) for slug in values["operations"]],
            jurisdictions=values["jurisdictions"],
        )
