"""What members fill in to move a collection to another engine."""

from __future__ import annotations

from typing import Any

from django import forms

from recognition.services.engines import offered_names


class EngineForm(forms.Form):
    """Which engine to move to."""

    engine = forms.ChoiceField(help_text="Its version must be among those that your approval names.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["engine"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(name, name) for name in offered_names()]


class SwitchForm(forms.Form):
    """Whether those who could not be moved may be left behind."""

    leave_behind = forms.BooleanField(
        required=False,
        label="Leave those behind who could not be moved",
        help_text="They are not found from then on, and are deleted when the move ends.",
    )
