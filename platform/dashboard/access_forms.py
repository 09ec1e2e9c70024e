"""What managers fill in about keys and members."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django import forms

from common.vocabulary import JURISDICTION_PARENTS, PERSONAL, CustomerCategory, Operation, Purpose, TenantRole
from dashboard.forms import choices_of
from tenants.services import KeyBinding, MemberDefaults
from tenants.services.keys import DEFAULT_OVERLAP, LONGEST_OVERLAP

_HOUR: Final = timedelta(hours=1)
_JURISDICTIONS: Final = [(code, code) for code in sorted(JURISDICTION_PARENTS)]


class KeyForm(forms.Form):
    """A new key: what it is called, and what it may be used for."""

    name = forms.CharField(max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    operations = forms.MultipleChoiceField(
        choices=[choice for choice in choices_of(Operation) if choice[0] not in PERSONAL],
        widget=forms.CheckboxSelectMultiple,
        label="What it may do",
        help_text="Administer covers collections, jobs, and other keys and members.",
    )
    purposes = forms.MultipleChoiceField(
        choices=choices_of(Purpose), widget=forms.CheckboxSelectMultiple, label="What for"
    )
    default_purpose = forms.ChoiceField(
        choices=choices_of(Purpose), help_text="Of requests that do not say what they are for."
    )
    default_jurisdiction = forms.ChoiceField(choices=_JURISDICTIONS, initial="US", label="Where it is used")
    default_on_behalf_of = forms.ChoiceField(
        choices=choices_of(CustomerCategory, empty="the organisation itself"), required=False, label="On behalf of"
    )
    end_users = forms.MultipleChoiceField(
        choices=choices_of(CustomerCategory),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="For these end users only",
        help_text="None: whatever your approval covers.",
    )
    jurisdictions = forms.MultipleChoiceField(
        choices=_JURISDICTIONS,
        required=False,
        label="In these places only",
        help_text="None: where it is used alone. A place covers its parts. Ctrl or ⌘ chooses several.",
        widget=forms.SelectMultiple(attrs={"size": "6"}),
    )
    expires_on = forms.DateField(
        required=False,
        label="Last day",
        help_text="Empty: it does not expire by itself.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    @property
    def binding(self) -> KeyBinding:
        """What the key of a valid form is bound to."""
        values = self.cleaned_data
        on_behalf_of = values["default_on_behalf_of"]
        return KeyBinding(
            operations=[Operation(slug) for slug in values["operations"]],
            purposes=[Purpose(slug) for slug in values["purposes"]],
            default_purpose=Purpose(values["default_purpose"]),
            default_jurisdiction=values["default_jurisdiction"],
            default_on_behalf_of=CustomerCategory(on_behalf_of) if on_behalf_of else None,
            end_users=[CustomerCategory(slug) for slug in values["end_users"]],
            jurisdictions=values["jurisdictions"],
        )

    @property
    def expires_at(self) -> datetime | None:
        """The end of the last day, in UTC; of a valid form."""
        day: date | None = self.cleaned_data["expires_on"]
        return datetime.combine(day + timedelta(days=1), time(), UTC) if day else None


class RotationForm(forms.Form):
    overlap_hours = forms.IntegerField(
        min_value=0,
        max_value=LONGEST_OVERLAP // _HOUR,
        initial=DEFAULT_OVERLAP // _HOUR,
        label="Hours that the present secrets go on",
        help_text="Time to change over. 0 ends them at once.",
    )

    @property
    def overlap(self) -> timedelta:
        """Of a valid form."""
        return timedelta(hours=self.cleaned_data["overlap_hours"])


class InvitationForm(forms.Form):
    email = forms.EmailField(label="Mail address", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(choices=choices_of(TenantRole), initial=TenantRole.VIEWER.value)


class DefaultsForm(forms.Form):
    """What requests of members are for when they do not say it."""

    purpose = forms.ChoiceField(choices=choices_of(Purpose, empty="each request says it"), required=False)
    on_behalf_of = forms.ChoiceField(
        choices=choices_of(CustomerCategory, empty="the organisation itself"), required=False, label="On behalf of"
    )
    jurisdiction = forms.ChoiceField(
        choices=[("", "each request says it"), *_JURISDICTIONS], required=False, label="Where"
    )

    @classmethod
    def filled_in(cls, defaults: MemberDefaults) -> DefaultsForm:
        """Return the form as it shows the present ones."""
        return cls(initial=asdict(defaults))

    @property
    def defaults(self) -> MemberDefaults:
        """Of a valid form."""
        purpose, on_behalf_of = self.cleaned_data["purpose"], self.cleaned_data["on_behalf_of"]
        return MemberDefaults(
            purpose=Purpose(purpose) if purpose else None,
            on_behalf_of=CustomerCategory(on_behalf_of) if on_behalf_of else None,
            jurisdiction=self.cleaned_data["jurisdiction"] or None,
        )


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=choices_of(TenantRole))
