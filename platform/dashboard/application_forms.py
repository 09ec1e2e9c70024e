"""What an organisation fills in to be approved. A draft may be incomplete: what it lacks is said at its submission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from common.vocabulary import JURISDICTION_PARENTS, Attestation, CustomerCategory, Operation, Purpose
from dashboard.forms import choices_of
from governance.vetting.content import MOST_OFFICERS
from governance.vetting.evidence import MEDIA_TYPES, MOST_BYTES

# Each with the rule that refuses without it.
_ATTESTED: Final[Mapping[Attestation, str]] = {
    Attestation.LAWFUL_BASIS: "Who is enrolled has consented, or another lawful basis is documented (CON-001).",
    Attestation.PROVENANCE_KNOWN: "References come from known and lawful sources, never from scraping (PRH-002).",
    Attestation.ADULTS_ONLY: "Nobody under age is enrolled; rescue of the missing needs no such word (AGE-001).",
    Attestation.UNALTERED_PROBES: "Probes are photographs: no sketch, no composite, no generated face (PRH-005).",
    Attestation.NO_TRAIT_TARGETING: "Nobody is looked for because of a protected trait or a protest (PRH-004).",
}


def _many(
    choices: list[tuple[str, str]], *, label: str, help_text: str = "", style: str = ""
) -> forms.MultipleChoiceField:
    widget = forms.CheckboxSelectMultiple(attrs={"class": style} if style else None)
    return forms.MultipleChoiceField(choices=choices, required=False, widget=widget, label=label, help_text=help_text)


class ApplicationForm(forms.Form):
    """Everything that an application states but its case officers, and one document to be put to it."""

    is_draft = True  # fields may stay empty until it is submitted, which does not make them optional

    legal_name = forms.CharField(max_length=255, required=False, label="Legal name")
    registration = forms.CharField(
        max_length=255,
        required=False,
        label="Registration",
        help_text="Where it is registered, and under which number.",
    )
    address = forms.CharField(max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    contact = forms.EmailField(required=False, label="Mail address for questions")
    rationale = forms.CharField(
        max_length=10_000,
        required=False,
        label="What it is for, and why",
        help_text="Also why nothing that intrudes less would do. Officers read it beside your documents.",
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    purposes = _many(choices_of(Purpose), label="Purposes")
    operations = _many(
        choices_of(Operation),
        label="Operations",
        help_text="Administer: collections, jobs and their list. Read result: what a search found.",
    )
    end_users = _many(
        choices_of(CustomerCategory), label="On behalf of", help_text="Yourselves included: choose your own category."
    )
    jurisdictions = forms.MultipleChoiceField(
        choices=[(code, code) for code in sorted(JURISDICTION_PARENTS)],
        required=False,
        label="Where",
        help_text="A place covers its parts. Ctrl or ⌘ chooses several.",
        widget=forms.SelectMultiple(attrs={"size": "8"}),
    )
    attestations = _many(
        [(item.value, _ATTESTED[item]) for item in Attestation],
        label="What you attest of all your uses",
        help_text="Without an attestation, the rule beside it refuses the uses that need it.",
        style="sentences",
    )
    evidence_title = forms.CharField(
        max_length=200, required=False, label="Title of a document", help_text="Charter, law, contract, assessment…"
    )
    evidence_file = forms.FileField(
        required=False,
        label="Document",
        help_text=f"PDF, PNG or JPEG of at most {MOST_BYTES // 1024**2} MB. Only officers can open it.",
        widget=forms.FileInput(attrs={"accept": ",".join(MEDIA_TYPES)}),
    )

    def clean(self) -> dict[str, Any]:
        """A document has a title, and is refused by its size before it is read."""
        values: dict[str, Any] = super().clean() or {}
        file = values.get("evidence_file")
        if file is not None and file.size > MOST_BYTES:
            self.add_error("evidence_file", f"It has {file.size / 1024**2:.1f} MB.")
        if file is not None and not values.get("evidence_title"):
            self.add_error("evidence_title", "Say what the document is.")
        return values

    @property
    def statements(self) -> dict[str, Any]:
        """What a valid form states."""
        return {name: value for name, value in self.cleaned_data.items() if not name.startswith("evidence_")}

    @property
    def document(self) -> tuple[str, bytes] | None:
        """Title and bytes of the document of a valid form, where one is put to it."""
        file = self.cleaned_data["evidence_file"]
        return (self.cleaned_data["evidence_title"], file.read()) if file is not None else None


class OfficerForm(forms.Form):
    """One case officer with their training; a row left empty is nobody."""

    name = forms.CharField(max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    training = forms.CharField(max_length=200, required=False, label="Training in comparing faces")
    trained_on = forms.DateField(
        required=False, label="Passed on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if any(values.values()) and not all(values.get(name) for name in self.fields) and not self.errors:
            raise forms.ValidationError("A case officer has a name, a training and the day it was passed.")
        return values


OfficerForms = forms.formset_factory(OfficerForm, extra=2, max_num=MOST_OFFICERS, validate_max=True)


def officers_in(forms_: Any) -> list[dict[str, str]]:
    """Return the case officers of a valid set of forms, as an application states them."""
    return [
        {"name": row["name"], "training": row["training"], "trained_on": row["trained_on"].isoformat()}
        for row in forms_.cleaned_data
        if row.get("name")
    ]
