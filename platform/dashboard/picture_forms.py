"""What members fill in about pictures that are looked at and not kept."""

from __future__ import annotations

from dashboard.forms import PictureField, UsageForm, threshold_field


class DetectForm(UsageForm):
    image = PictureField(label="Picture", help_text="JPEG, PNG or WebP. It is looked at once and not kept.")


class CompareForm(UsageForm):
    source = PictureField(label="First picture", help_text="Its largest face is compared.")
    target = PictureField(label="Second picture", help_text="Every face of it is compared with the first.")
    threshold = threshold_field()
