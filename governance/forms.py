"""What members of staff fill in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from django import forms
from django.contrib.admin.widgets import AdminDateWidget, AdminSplitDateTime

from common.vocabulary import JURISDICTION_PARENTS, CustomerCategory, Operation, Purpose, StaffRole
from governance.accountability.models import Complaint
from governance.four_eyes import Statement
from governance.models import Suspension
from governance.rules.subjects import LONGEST_KEPT_DAYS
from governance.services import Selector
from tenants.models import Tenant, User, choices_of

_SELECTORS: Final = ("categories", "end_users", "purposes", "operations", "jurisdictions")


def _any_of(slugs: Iterable[str], *, label: str, help_text: str = "") -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        choices=[(str(slug), str(slug).replace("_", " ")) for slug in slugs],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=label,
        help_text=help_text,
    )


class Moment(AdminSplitDateTime):
    """A day and a time, each with a name also for who does not see the page."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        for widget, name in zip(self.widgets, ("Date", "Time"), strict=True):
            widget.attrs["aria-label"] = name


class MoratoriumForm(forms.Form):
    """A category of use to stop. A part left empty means any."""

    categories = _any_of(CustomerCategory, label="Categories of tenants", help_text="Also whom a tenant acts for.")
    end_users = _any_of(CustomerCategory, label="End users", help_text="Only where it is done on behalf of these.")
    purposes = _any_of(Purpose, label="Purposes")
    operations = _any_of(Operation, label="Operations")
    jurisdictions = forms.MultipleChoiceField(
        choices=[(code, code) for code in sorted(JURISDICTION_PARENTS)],
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 12}),
        help_text="With everything below them. None: everywhere.",
    )
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), help_text="Who is stopped reads it, with the source."
    )
    legal_source = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    effective_from = forms.SplitDateTimeField(
        required=False, widget=Moment, help_text="UTC. Empty: from this moment on."
    )
    effective_until = forms.SplitDateTimeField(
        required=False, widget=Moment, help_text="UTC. Empty: until further notice."
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


class StopEverythingForm(forms.Form):
    """The global switch: so that nobody presses it by mistake, the words are typed."""

    WORDS: ClassVar = "stop everything"

    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}))
    legal_source = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    words = forms.CharField(label="Type the words", help_text=f"Type “{WORDS}”. Every use by every tenant is stopped.")

    def clean_words(self) -> str:
        words: str = self.cleaned_data["words"]
        if words.strip().lower() != self.WORDS:
            raise forms.ValidationError(f"Type “{self.WORDS}”.")
        return words


class ReasonForm(forms.Form):
    """Why one person does what one person may do."""

    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}))


class ExtensionForm(ReasonForm):
    """Until when a moratorium goes on."""

    effective_until = forms.SplitDateTimeField(
        required=False,
        widget=Moment,
        label="New end",
        help_text="UTC; later than now. Empty: until further notice.",
    )


class StatementForm(ReasonForm):
    """What each of two people states when signing a change."""

    interest = forms.CharField(
        label="Statement of interests",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Work, money, family or friends that tie you to who is concerned; “none” if there is nothing.",
    )
    has_no_conflict = forms.BooleanField(
        label="I have no interest of my own in the outcome.", help_text="Who has one may not sign."
    )

    @property
    def payload(self) -> dict[str, Any]:
        """What a valid form asks for, beside whom it concerns."""
        return {}

    @property
    def statement(self) -> Statement:
        """What a valid form states."""
        values = self.cleaned_data
        return Statement(values["reason"], interest=values["interest"], has_conflict=not values["has_no_conflict"])


class ExemptionForm(StatementForm):
    """Which tenant goes on under a moratorium, and with what."""

    tenant = forms.ModelChoiceField(queryset=Tenant.objects.none())
    purposes = _any_of(Purpose, label="Purposes")
    operations = _any_of(Operation, label="Operations")
    end_users = _any_of(CustomerCategory, label="End users")
    expires_at = forms.SplitDateTimeField(widget=Moment, help_text="UTC.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tenant"].queryset = Tenant.objects.using("officer").order_by("slug")  # type: ignore[attr-defined]


class PublishedPeriodForm(forms.Form):
    """The days of a report for everybody."""

    first = forms.DateField(widget=AdminDateWidget, label="First day (UTC)")
    last = forms.DateField(widget=AdminDateWidget, label="Last day (UTC)")


class TenantForm(forms.Form):
    """One organisation."""

    tenant = forms.ModelChoiceField(queryset=Tenant.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tenant"].queryset = Tenant.objects.using("officer").order_by("slug")  # type: ignore[attr-defined]


class ComplaintAnswerForm(forms.Form):
    """What came of a complaint."""

    outcome = forms.ChoiceField(choices=Complaint.Outcome.choices)
    answer = forms.CharField(widget=forms.Textarea(attrs={"rows": 5}), help_text="It is sent to the person.")


class ScheduleForm(StatementForm):
    """How long faces may be kept for a purpose in a place."""

    purpose = forms.ChoiceField(choices=[("", "any purpose"), *choices_of(Purpose)], required=False)
    jurisdiction = forms.ChoiceField(
        choices=[("", "any place"), *((code, code) for code in sorted(JURISDICTION_PARENTS))],
        required=False,
        help_text="With everything below it; who states what it is a part of is concerned, too.",
    )
    keep_days = forms.IntegerField(min_value=1, max_value=LONGEST_KEPT_DAYS, label="Days from enrolment")
    legal_source = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}))


class HoldForm(TenantForm, ReasonForm):
    """What is kept, and on what ground."""

    target = forms.ChoiceField(
        label="Of what",
        choices=[
            ("collection", "a collection, which is frozen"),
            ("case", "a case: its evidence and its reviews"),
        ],
    )
    target_id = forms.UUIDField(label="Id of the collection or case")
    legal_source = forms.CharField(label="Order or law", widget=forms.Textarea(attrs={"rows": 2}))


class SuspensionForm(ReasonForm):
    """What of a tenant is suspended."""

    target = forms.ChoiceField(choices=Suspension.Target.choices)
    target_id = forms.UUIDField(
        required=False, label="Id of the user, key or collection", help_text="Empty for the organisation."
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the id of what is not the organisation itself."""
        values: dict[str, Any] = super().clean() or {}
        is_part = values.get("target") not in (None, Suspension.Target.ORGANISATION)
        if is_part and not values.get("target_id"):
            raise forms.ValidationError("Say which one: its id is needed.")
        return values


class StaffForm(StatementForm):
    """A member of staff to be made."""

    username = forms.CharField(max_length=150)
    email = forms.EmailField()
    role = forms.ChoiceField(choices=choices_of(StaffRole))


class ExpiryForm(StatementForm):
    """An approval, and how long it is to last."""

    expires_at = forms.SplitDateTimeField(
        widget=Moment, label="It ends", help_text="UTC; twelve months from now at most."
    )
    gallery_cap = forms.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="Most faces of one gallery. Empty: the policy's."
    )
    daily_searches = forms.IntegerField(
        required=False, min_value=0, max_value=2**31 - 1, help_text="Most searches a day. Empty: the policy's number."
    )


class QuestionForm(forms.Form):
    """What an organisation is asked or told."""

    message = forms.CharField(
        label="To the organisation", widget=forms.Textarea(attrs={"rows": 4}), help_text="It reads exactly this."
    )


class RefusalForm(QuestionForm, StatementForm):
    """A refusal: why, for the record, and what the organisation is told."""


class AssignmentForm(forms.Form):
    """Which officer reviews an application."""

    act = forms.ChoiceField(choices=[("assign", "Assign to"), ("unassign", "Take from")])
    officer = forms.ModelChoiceField(queryset=User.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        officers = User.objects.using("officer").filter(staff_role=StaffRole.OFFICER, is_active=True)
        self.fields["officer"].queryset = officers.order_by("username")  # type: ignore[attr-defined]


class PeriodForm(forms.Form):
    """The days of a report."""

    first = forms.DateField(widget=AdminDateWidget, label="First day", help_text="UTC.")
    last = forms.DateField(widget=AdminDateWidget, label="Last day", help_text="UTC; included.")
    form = forms.ChoiceField(choices=[("html", "Show it"), ("csv", "CSV"), ("json", "JSON")], label="As")
