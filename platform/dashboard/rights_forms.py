"""What is filled in about the people whose faces are used: complaints, consents, disclosure reports."""

from __future__ import annotations

from datetime import date, datetime

from django import forms
from django.core.validators import RegexValidator

from common.instants import end_of
from governance.accountability.complaints import LONGEST_TEXT, Kind, NewComplaint, Outcome

_WORDS = {
    Kind.COMPLAINT: "I complain about how my face is used",
    Kind.CORRECTION: "Something is wrong: that is not me, or it is not true",
    Kind.ERASURE: "My face is to be deleted",
    Kind.ACCESS: "I want to know whether my face is kept, and whether I was searched for",
}


class ComplaintForm(forms.Form):
    """What a person told the organisation."""

    kind = forms.ChoiceField(choices=[(kind.value, _WORDS[kind]) for kind in Kind], label="What it is about")
    text = forms.CharField(
        max_length=LONGEST_TEXT, label="What the person says", widget=forms.Textarea(attrs={"rows": 5})
    )
    contact = forms.EmailField(label="Mail address for the answer")

    @property
    def new(self) -> NewComplaint:
        """What a valid form says."""
        values = self.cleaned_data
        return NewComplaint(
            kind=Kind(values["kind"]),
            text=values["text"],
            contact=values["contact"],
            about=values.get("about", ""),
        )


class PublicComplaintForm(ComplaintForm):
    """What somebody who is not signed in says."""

    about = forms.CharField(
        max_length=255, required=False, label="Organisation", help_text="Who uses your face, as far as you know."
    )
    field_order = ("kind", "about", "text", "contact")

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.fields["text"].label = "What happened, and what you want"
        self.fields["text"].help_text = "Where and when, as well as you can say. No picture is needed."
        self.fields["contact"].label = "Your mail address"


class AnswerForm(forms.Form):
    outcome = forms.ChoiceField(choices=Outcome.choices, label="What came of it")
    answer = forms.CharField(
        max_length=LONGEST_TEXT,
        label="Answer",
        help_text="It is sent to the person.",
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class SubjectForm(forms.Form):
    """Whom it is about, by the organisation's own name for the person."""

    subject = forms.CharField(
        max_length=255,
        label="Person",
        help_text="By your own id, as enrolments give it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    evidence_digest = forms.CharField(
        required=False,
        label="SHA-256 of what proves the consent",
        help_text="Of a new consent. The proof itself stays with you.",
        validators=[RegexValidator(r"\A[0-9a-f]{64}\Z", "Use 64 digits 0–9 and a–f.")],
    )


class DisclosureForm(forms.Form):
    last_day = forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}), help_text="The period begins where the last report ended."
    )
    statement = forms.CharField(
        max_length=20_000,
        label="What was searched for, and what came of it",
        help_text="It is to be published: no names.",
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def period_until(self, *, now: datetime) -> datetime:
        """The end of the last day in UTC, of a valid form; now, when that is still to come today."""
        day: date = self.cleaned_data["last_day"]
        return min(end_of(day), now) if day == now.date() else end_of(day)
