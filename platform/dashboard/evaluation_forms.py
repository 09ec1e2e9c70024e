"""What members fill in to ask for an evaluation."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import RegexValidator

from recognition.api.serializers.evaluations import GROUP_PATTERN, MOST_GROUPED
from recognition.models import COLLECTION_NAME

_MOST_BYTES: Final = 4 * 1024 * 1024
_COLUMNS: Final = 2
_name = RegexValidator(rf"\A{COLLECTION_NAME}\Z", "1 to 255 of A-Z a-z 0-9 _ . -")
_group = RegexValidator(GROUP_PATTERN, "Groups are 1 to 40 letters, digits, spaces or . + -")


class EvaluationForm(forms.Form):
    """Which faces to compare, who else to search for, and who belongs to which group."""

    collection = forms.CharField(
        max_length=255,
        validators=[_name],
        help_text="Its faces are compared with each other. One external id is one person.",
    )
    probe_collection = forms.CharField(
        max_length=255,
        required=False,
        validators=[_name],
        label="Other people to search for",
        help_text="A collection with nobody of the first: every candidate found for them is a false one.",
    )
    groups = forms.FileField(
        required=False,
        widget=forms.FileInput(attrs={"accept": "text/csv,.csv"}),
        help_text="A CSV file with two columns and no heading: external id, group. Not kept afterwards.",
    )

    def clean_groups(self) -> dict[str, str]:
        """Return group by external id."""
        file: UploadedFile[Any] | None = self.cleaned_data["groups"]
        if file is None:
            return {}
        if (file.size or 0) > _MOST_BYTES:
            raise forms.ValidationError("The file may have 4 MiB at most.")
        try:
            rows = list(csv.reader(io.StringIO(file.read().decode("utf-8-sig")), strict=True))
        except (UnicodeDecodeError, csv.Error) as error:
            raise forms.ValidationError("The file is not CSV in UTF-8.") from error
        rows = [row for row in rows if row]
        if len(rows) > MOST_GROUPED:
            raise forms.ValidationError(f"At most {MOST_GROUPED:,} lines are accepted.")
        for number, row in enumerate(rows, start=1):
            if len(row) != _COLUMNS:
                raise forms.ValidationError(f"Line {number} has not two columns.")
            _group(row[1])
        return {external_id: group for external_id, group in rows}
