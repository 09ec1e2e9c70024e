"""What members fill in about pictures that are looked at and not kept."""

from __future__ import annotations

from django import forms

from common.vocabulary import FaceAttribute
from dashboard.forms import PictureField, UsageForm, threshold_field
from recognition.services import attributes


class DetectForm(UsageForm):
    image = PictureField(label="Picture", help_text="JPEG, PNG or WebP. It is looked at once and not kept.")
    describe = forms.BooleanField(
        required=False,
        label="Say what each face looks like",
        help_text="Age, expression, glasses and the like: guesses, and a use of its own that your approval must cover.",
    )

    liveness = forms.BooleanField(
        required=False,
        label="Look for a picture of a picture",
        help_text=(
            "Whether a print or a screen was photographed: weak advice, on faces of 80 to 180 px. It decides nothing."
        ),
    )

    @property
    def asked(self) -> tuple[str, ...]:
        """The attributes to say of each face, of a valid form."""
        ticked = {"describe": attributes.ALL, "liveness": FaceAttribute.LIVENESS.value}
        return tuple(name for field, name in ticked.items() if self.cleaned_data[field])


class CompareForm(UsageForm):
    source = PictureField(label="First picture", help_text="Its largest face is compared.")
    target = PictureField(label="Second picture", help_text="Every face of it is compared with the first.")
    threshold = threshold_field()
