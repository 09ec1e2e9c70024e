"""What members fill in about persons."""

from __future__ import annotations

from django import forms
from django.core.validators import RegexValidator

from dashboard.forms import PictureField, UsageForm, threshold_field
from recognition.models import PERSON_NAME


class PersonForm(forms.Form):
    """A person of a collection."""

    name = forms.CharField(
        max_length=128,
        label="Your own id",
        validators=[RegexValidator(rf"\A(?!\.{{1,2}}\Z){PERSON_NAME}\Z", "Use letters A–Z, digits, and _ . - : only.")],
        help_text="Letters A–Z, digits, and _ . - : only. It cannot be changed.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    display_name = forms.CharField(
        max_length=255, required=False, label="Name to show", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class PersonNameForm(forms.Form):
    display_name = forms.CharField(
        max_length=255, required=False, label="Name to show", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class PersonPictureForm(UsageForm):
    image = PictureField(
        label="Picture", help_text="Its largest face is enrolled as this person's. The picture is not compared."
    )


class JoinForm(UsageForm):
    """Whose a face is."""

    person = forms.CharField(
        max_length=128, label="Id of the person", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    threshold = threshold_field(
        "How alike the face must be to the person. Empty: 75, or the lowest that the policy allows."
    )


class PersonSearchForm(UsageForm):
    image = PictureField(label="Picture", help_text="Its largest face is searched for. The picture is not kept.")
    threshold = threshold_field()
