"""What is filled in about cases, authorisations, training and reviews."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.core.validators import RegexValidator

from common.instants import end_of, start_of
from common.vocabulary import (
    JURISDICTION_PARENTS,
    AuthorisationKind,
    CustomerCategory,
    OffenceClass,
    Operation,
    Purpose,
)
from dashboard.forms import choices_of
from governance.casework.authorisations import NewAuthorisation
from governance.casework.break_glass import OPERATIONS as EMERGENCY_OPERATIONS
from governance.casework.break_glass import Emergency
from governance.casework.kept_probes import ErasureReason
from governance.casework.verdicts import LONGEST_REASONS, Judgement, Sheet, ShownCandidate, ShownProbe
from governance.rules.casework import IDENTIFYING

_DAY = {"type": "date"}


class CaseForm(forms.Form):
    reference = forms.CharField(
        max_length=200,
        help_text="Your own name for it, in plain letters, digits and signs. Searches name it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    purpose = forms.ChoiceField(choices=choices_of(Purpose), help_text="What its searches are for.")
    offence_class = forms.ChoiceField(choices=choices_of(OffenceClass), label="How grave the offence is")
    rationale = forms.CharField(
        min_length=10, max_length=4000, label="Why somebody is looked for", widget=forms.Textarea(attrs={"rows": 3})
    )
    officers = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Who may search in it",
        help_text="Of your members. Keys of the organisation may, too.",
    )

    def __init__(self, data: Any, *, people: Iterable[tuple[uuid.UUID, str]]) -> None:
        super().__init__(data)
        self.fields["officers"].choices = [(str(user_id), name) for user_id, name in people]  # type: ignore[attr-defined]

    @property
    def officer_ids(self) -> list[uuid.UUID]:
        """Of a valid form."""
        return [uuid.UUID(user_id) for user_id in self.cleaned_data["officers"]]


class AuthorisationForm(forms.Form):
    kind = forms.ChoiceField(
        choices=choices_of(AuthorisationKind),
        help_text="Exigent: no court yet. One must ratify it within 24 hours (real time) or 48.",
    )
    authority = forms.CharField(max_length=200, label="Court, or who declares the urgency")
    operations = forms.MultipleChoiceField(
        choices=[choice for choice in choices_of(Operation) if choice[0] in IDENTIFYING],
        widget=forms.CheckboxSelectMultiple,
        label="What it covers",
    )
    first_day = forms.DateField(widget=forms.DateInput(attrs=_DAY), help_text="From its beginning, UTC.")
    last_day = forms.DateField(widget=forms.DateInput(attrs=_DAY), help_text="To its end, UTC.")
    document_reference = forms.CharField(max_length=200, required=False, label="Number of the document")
    document_digest = forms.CharField(
        required=False,
        label="SHA-256 of the document",
        help_text="64 hexadecimal digits. The document itself is not kept here.",
        validators=[RegexValidator(r"\A[0-9a-f]{64}\Z", "Use 64 digits 0–9 and a–f.")],
    )

    @property
    def document(self) -> NewAuthorisation:
        """What the document of a valid form says."""
        values = self.cleaned_data
        return NewAuthorisation(
            kind=AuthorisationKind(values["kind"]),
            authority=values["authority"],
            operations={Operation(slug) for slug in values["operations"]},
            valid_from=start_of(values["first_day"]),
            valid_until=end_of(values["last_day"]),
            document_reference=values["document_reference"],
            document_digest=values["document_digest"],
        )


class RatificationForm(forms.Form):
    """The court's document that ratified an urgent use; the case's page writes its fields, once for each such use.

    Whether they say enough is told by the service, to whom the case belongs.
    """

    document_reference = forms.CharField(max_length=200, required=False)
    document_digest = forms.CharField(max_length=64, required=False)


class EmergencyForm(forms.Form):
    """What cannot wait (BRK-001)."""

    reason = forms.CharField(
        max_length=4000,
        label="Why it cannot wait",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The second person and the oversight read it. 20 characters or more.",
    )
    operations = forms.MultipleChoiceField(
        choices=[choice for choice in choices_of(Operation) if choice[0] in EMERGENCY_OPERATIONS],
        widget=forms.CheckboxSelectMultiple,
        label="What must be done",
    )
    end_user = forms.ChoiceField(choices=choices_of(CustomerCategory), label="For whom")
    jurisdiction = forms.ChoiceField(choices=[(code, code) for code in sorted(JURISDICTION_PARENTS)])
    hours = forms.IntegerField(min_value=1, max_value=24, initial=4, label="Hours at most")

    @property
    def emergency(self) -> Emergency:
        """What a valid form says."""
        values = self.cleaned_data
        return Emergency(
            reason=values["reason"],
            operations={Operation(slug) for slug in values["operations"]},
            end_user=CustomerCategory(values["end_user"]),
            jurisdiction=values["jurisdiction"],
            hours=values["hours"],
        )


class ErasureForm(forms.Form):
    """Why the evidence of a case is destroyed: a word of a list, since it goes into the log."""

    reason = forms.ChoiceField(choices=[(reason.value, reason.value.replace("-", " ")) for reason in ErasureReason])

    @property
    def erasure_reason(self) -> ErasureReason:
        """Of a valid form."""
        return ErasureReason(self.cleaned_data["reason"])


class TrainingForm(forms.Form):
    user_id = forms.TypedChoiceField(coerce=uuid.UUID, label="Who")
    course = forms.CharField(max_length=200, help_text="Which course in comparing faces was passed.")
    last_day = forms.DateField(widget=forms.DateInput(attrs=_DAY), help_text="Within a year from now.")

    def __init__(self, data: Any, *, people: Iterable[tuple[uuid.UUID, str]]) -> None:
        super().__init__(data)
        self.fields["user_id"].choices = [(str(user_id), name) for user_id, name in people]  # type: ignore[attr-defined]

    @property
    def expires_at(self) -> datetime:
        """The end of the last day, in UTC; of a valid form."""
        return end_of(self.cleaned_data["last_day"])


@dataclass(frozen=True, slots=True)
class Row:
    """A candidate beside the field that judges it."""

    shown: ShownCandidate
    field: forms.BoundField


class VerdictForm(forms.Form):
    """One choice for each candidate of a sheet, and the reasons."""

    def __init__(self, data: Any, *, sheet: Sheet) -> None:
        super().__init__(data)
        self.sheet = sheet
        for probe in sheet.probes:
            for shown in probe.candidates:
                self.fields[str(shown.candidate.id)] = forms.ChoiceField(
                    choices=[("", "choose"), *Judgement.choices],
                    label=f"Candidate {shown.candidate.rank} for face {probe.probe.number}",
                )
        self.fields["reasons"] = forms.CharField(
            max_length=LONGEST_REASONS,
            label="Why: the features that agree and those that do not",
            widget=forms.Textarea(attrs={"rows": 4}),
        )

    @property
    def probes(self) -> Iterator[tuple[ShownProbe, list[Row]]]:
        """Each probe with its candidates and their fields."""
        for probe in self.sheet.probes:
            yield probe, [Row(shown, self[str(shown.candidate.id)]) for shown in probe.candidates]

    @property
    def reasons_field(self) -> forms.BoundField:
        return self["reasons"]

    @property
    def judgements(self) -> dict[uuid.UUID, Judgement]:
        """Of a valid form."""
        return {
            shown.candidate.id: Judgement(self.cleaned_data[str(shown.candidate.id)])
            for probe in self.sheet.probes
            for shown in probe.candidates
        }
