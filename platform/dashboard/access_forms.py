"""What managers fill in about keys and members."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any, Final

from django import forms
from django.core.validators import RegexValidator

from common.instants import end_of
from common.vocabulary import JURISDICTION_PARENTS, PERSONAL, CustomerCategory, Operation, Purpose, TenantRole
from dashboard.forms import choices_of
from recognition.models import BUCKET_NAME, BUCKET_REGION, PRINTABLE
from recognition.services.buckets import NewBucket
from tenants.services import KeyBinding, MemberDefaults
from tenants.services.keys import DEFAULT_OVERLAP, LONGEST_OVERLAP

_HOUR: Final = timedelta(hours=1)
_PRINTABLE: Final = RegexValidator(rf"\A{PRINTABLE}\Z", "Use letters, digits and signs, without spaces.")
_BUCKET_NAME_WORDS: Final = "Use 3 or more letters A–Z, digits, and . _ - only."
_JURISDICTIONS: Final = [(code, code) for code in sorted(JURISDICTION_PARENTS)]


def _plain() -> forms.TextInput:
    """A field that browsers fill in with nothing of their own."""
    return forms.TextInput(attrs={"autocomplete": "off"})


class KeyForm(forms.Form):
    """A new key: what it is called, and what it may be used for."""

    name = forms.CharField(max_length=100, widget=_plain())
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
        return end_of(day) if day else None


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


class BucketForm(forms.Form):
    """A bucket of the organisation's own; what the fields may hold is as in the API."""

    name = forms.CharField(
        max_length=255,
        validators=[RegexValidator(rf"\A{BUCKET_NAME}\Z", _BUCKET_NAME_WORDS)],
        help_text="What calls name as the bucket of an S3Object. It goes before a collection of the same name.",
        widget=_plain(),
    )
    endpoint = forms.ChoiceField(label="Service", help_text="Those that the operator of this server lists.")
    bucket = forms.CharField(
        max_length=255,
        required=False,
        validators=[RegexValidator(rf"\A{BUCKET_NAME}\Z", _BUCKET_NAME_WORDS)],
        label="Its name at the service",
        help_text="Empty: the same name.",
        widget=_plain(),
    )
    region = forms.CharField(
        max_length=64,
        validators=[RegexValidator(rf"\A{BUCKET_REGION}\Z", "Use a–z, digits and - only.")],
        help_text="As the service calls it, for example eu-west-1.",
        widget=_plain(),
    )
    object_prefix = forms.CharField(  # a form has a `prefix` of its own
        max_length=500,
        required=False,
        strip=False,
        label="Prefix",
        help_text="Only objects whose names begin with it can be read. Calls leave it out.",
        widget=_plain(),
    )
    access_key_id = forms.CharField(max_length=128, validators=[_PRINTABLE], widget=_plain())
    secret_access_key = forms.CharField(
        max_length=256,
        validators=[_PRINTABLE],
        help_text="Of a log-in that may read objects and nothing else. It is sealed and never shown.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: Any, *, endpoints: Iterable[str]) -> None:
        super().__init__(data)
        self.fields["endpoint"].choices = [(endpoint, endpoint) for endpoint in endpoints]  # type: ignore[attr-defined]

    @property
    def stated(self) -> NewBucket:
        """The bucket of a valid form."""
        values = dict(self.cleaned_data)
        return NewBucket(prefix=values.pop("object_prefix"), **values)


class BucketTrialForm(forms.Form):
    name = forms.CharField(
        max_length=1024,
        strip=False,
        label="Name of a picture",
        help_text="Without the prefix. It is read once and not kept.",
        widget=_plain(),
    )


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
