"""What members fill in. Forms say what a field may hold; what may be done is asked of the services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import RegexValidator

from common.context import Actor, Usage
from common.vocabulary import CustomerCategory, Purpose
from recognition.engines.base import MAX_FACES
from recognition.models import COLLECTION_NAME, QualityFilter
from recognition.services.identification import DEFAULT_LIMIT

_LONGEST_RETENTION_DAYS: Final = 36_500
_MOST_CANDIDATES: Final = 100  # more cannot be judged by a person on one page; the API gives more
_PICTURES: Final = "image/jpeg,image/png,image/webp"


class _ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class PictureField(forms.FileField):
    """One picture, as bytes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.FileInput(attrs={"accept": _PICTURES, "data-preview": ""}), **options)

    def clean(self, data: Any, initial: Any = None) -> bytes | None:
        file = super().clean(data, initial)
        return _bytes_of(file) if file else None


class PicturesField(forms.FileField):
    """One picture or several, as a list of bytes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=_ManyFiles(attrs={"accept": _PICTURES, "data-preview": ""}), **options)

    def clean(self, data: Any, initial: Any = None) -> list[bytes]:
        most = settings.CUSTOS_MAX_BATCH_IMAGES
        chosen: Sequence[Any] = data or [None]
        files = [super(PicturesField, self).clean(file, initial) for file in chosen]
        if len(files) > most:
            raise forms.ValidationError(f"Choose {most} pictures at most.", code="too-many")
        return [_bytes_of(file) for file in files]


def _bytes_of(file: UploadedFile[Any]) -> bytes:
    most = settings.CUSTOS_MAX_IMAGE_BYTES
    if (file.size or 0) > most:
        size = f"A picture may have {most // 2**20} MiB at most; this one has {(file.size or 0) / 2**20:.1f} MiB."
        raise forms.ValidationError(size, code="too-large")
    data: bytes = file.read()
    return data


def choices_of(enum: type[StrEnum], *, empty: str | None = None) -> list[tuple[str, str]]:
    named = [(member.value, member.value.replace("_", " ")) for member in enum]
    return named if empty is None else [("", empty), *named]


_FLOOR_WORDS: Final = "Empty: the lowest that the policy allows, at least 80. One below the policy's floor is refused."


def threshold_field(help_text: str = _FLOOR_WORDS) -> forms.FloatField:
    return forms.FloatField(
        min_value=0,
        max_value=100,
        required=False,
        label="Least similarity (per cent)",
        help_text=help_text,
        widget=forms.NumberInput(attrs={"step": "0.1", "inputmode": "decimal"}),
    )


class UsageForm(forms.Form):
    """What a request is for, where it is not what the organisation's requests are usually for. The gate judges it."""

    purpose = forms.ChoiceField(choices=choices_of(Purpose, empty="as usual"), required=False)
    on_behalf_of = forms.ChoiceField(
        choices=choices_of(CustomerCategory, empty="as usual"), required=False, label="On behalf of"
    )
    case_ref = forms.CharField(
        max_length=200,
        required=False,
        label="Case",
        help_text="Your reference of the case, where the policy asks for one.",
        validators=[RegexValidator(r"\A[\x20-\x7e]*\Z", "Use plain letters, digits and signs only.")],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    @property
    def usage_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in UsageForm.base_fields]

    @property
    def own_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in UsageForm.base_fields]

    def narrowed(self, actor: Actor) -> Actor:
        """Return the actor with what this request, of a valid form, says it is for."""
        usage = actor.usage
        stated = Usage(
            purpose=self.cleaned_data["purpose"] or usage.purpose,
            on_behalf_of=self.cleaned_data["on_behalf_of"] or usage.on_behalf_of,
            jurisdiction=usage.jurisdiction,
            case_ref=self.cleaned_data["case_ref"] or usage.case_ref,
        )
        return replace(actor, usage=stated)


class CollectionForm(forms.Form):
    name = forms.CharField(
        max_length=255,
        validators=[
            RegexValidator(rf"\A(?!\.{{1,2}}\Z){COLLECTION_NAME}\Z", "Use letters A–Z, digits, and _ . - only.")
        ],
        help_text="Letters A–Z, digits, and _ . - only. It is part of addresses and cannot be changed.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    description = forms.CharField(max_length=1000, required=False)
    retention_days = forms.IntegerField(
        min_value=1,
        max_value=_LONGEST_RETENTION_DAYS,
        required=False,
        label="Keep faces for (days)",
        help_text="Empty: three years, or less where a schedule of the platform says so.",
    )
    store_images = forms.BooleanField(
        required=False,
        label="Keep the pictures",
        help_text="Otherwise only what is needed to recognise the faces is kept, and no picture.",
    )


class EnrolForm(UsageForm):
    images = PicturesField(
        label="Pictures",
        help_text="JPEG, PNG or WebP. One is enrolled at once; several become a job.",
    )
    external_id = forms.CharField(
        max_length=255,
        required=False,
        label="Your own id",
        help_text="Your name for who is on the pictures, for example a customer number. It is shown with matches.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    max_faces = forms.IntegerField(
        min_value=1,
        max_value=MAX_FACES,
        initial=MAX_FACES,
        label="Most faces per picture",
        help_text="The largest so many are enrolled. Use 1 for portraits.",
    )
    skip_low_quality = forms.BooleanField(
        required=False,
        initial=True,
        label="Leave out faces of low quality",
        help_text="They are listed with the reason.",
    )

    @property
    def quality(self) -> QualityFilter:
        """The choice in the words of the services; of a valid form."""
        return QualityFilter.AUTO if self.cleaned_data["skip_low_quality"] else QualityFilter.NONE


class SearchForm(UsageForm):
    """A picture, or a face of the collection that another page's button names."""

    image = PictureField(label="Picture", help_text="JPEG, PNG or WebP. It is used for this search and not kept.")
    face_id = forms.UUIDField(required=False, widget=forms.HiddenInput)
    threshold = threshold_field()
    limit = forms.IntegerField(
        min_value=1, max_value=_MOST_CANDIDATES, required=False, label="Most candidates per face", initial=DEFAULT_LIMIT
    )
    every_face = forms.BooleanField(
        required=False,
        label="Search for every face on the picture",
        help_text="Otherwise for the largest alone.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["image"].required = not self.data.get("face_id")

    def clean_image(self) -> bytes | None:
        """A named face is what is searched for; a picture beside it is not looked at."""
        return None if self.data.get("face_id") else self.cleaned_data["image"]

    def clean_limit(self) -> int:
        return self.cleaned_data["limit"] or DEFAULT_LIMIT


class ConfirmForm(forms.Form):
    """Says yes to something that cannot be taken back, by writing its name."""

    name = forms.CharField(
        label="Type the name to confirm", strip=True, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, expected: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self._expected = expected

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name != self._expected:
            raise forms.ValidationError("This is another name.", code="mismatch")
        return name
