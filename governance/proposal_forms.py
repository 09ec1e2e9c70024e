"""What members of staff fill in about one organisation, an emergency, and rules that they try."""

from __future__ import annotations

import json
from typing import Any, Final

from django import forms

from governance.casework.models import BreakGlassGrant
from governance.forms import Moment, ReasonForm, StatementForm
from governance.models import ChangeRequest, PolicyVersion
from governance.simulations import LONGEST_DAYS

_FINDINGS: Final = BreakGlassGrant.Finding.choices


class EmergencyReviewForm(ReasonForm):
    """What one member of the oversight found about a broken glass."""

    finding = forms.ChoiceField(choices=_FINDINGS)


class SettlingForm(StatementForm):
    """What two of them find after the deadline."""

    finding = forms.ChoiceField(choices=_FINDINGS)


class AllowanceForm(StatementForm):
    """How much an organisation, or one of its keys, may use."""

    key = forms.UUIDField(required=False, label="Id of a key", help_text="Empty for the organisation as a whole.")
    requests_per_minute = forms.IntegerField(
        required=False, min_value=0, max_value=2**31 - 1, help_text="Empty: the platform's default. 0: no limit."
    )
    units_per_day = forms.IntegerField(
        required=False, min_value=0, max_value=2**31 - 1, help_text="Empty: the platform's default. 0: no limit."
    )

    @property
    def payload(self) -> dict[str, Any]:
        values = self.cleaned_data
        key = str(values["key"]) if values["key"] else None
        return {"key": key, **{name: values[name] for name in ("requests_per_minute", "units_per_day")}}


class WatchlistForm(StatementForm):
    """On what terms a collection may be watched for in real time (GAL-002)."""

    collection = forms.UUIDField(label="Id of the collection")
    operation = forms.CharField(max_length=200, help_text="What it is watched for in: a place, an event.")
    effective_from = forms.SplitDateTimeField(widget=Moment, help_text="UTC.")
    expires_at = forms.SplitDateTimeField(widget=Moment, help_text="UTC.")

    @property
    def payload(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {
            "collection": str(values["collection"]),
            "operation": values["operation"],
            "effective_from": values["effective_from"].isoformat(),
            "expires_at": values["expires_at"].isoformat(),
        }


class SubjectReviewForm(StatementForm):
    """Whose count of searches is set back (SRV-001); the reason is the review's."""

    subject = forms.CharField(
        min_length=64,
        max_length=64,
        label="Digest of the probe",
        help_text="64 hexadecimal digits: `params.probe` of the decision that was refused.",
    )

    @property
    def payload(self) -> dict[str, Any]:
        return {"subject": self.cleaned_data["subject"], "reason": self.cleaned_data["reason"]}


class ReplayForm(forms.Form):
    """Which rules are tried on the decisions of how many days."""

    title = forms.CharField(max_length=200, help_text="What is tried, for the list.")
    days = forms.IntegerField(min_value=1, max_value=LONGEST_DAYS, initial=30)
    source = forms.ChoiceField(label="Rules", required=False)
    body = forms.CharField(
        required=False,
        label="Or a policy as JSON",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text='As a policy version has it: {"version": …, "rules": […]}. It is taken before the choice above.',
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions = PolicyVersion.objects.using("officer").order_by("-version")
        pending = ChangeRequest.objects.using("officer").filter(
            kind="publish_policy", state=ChangeRequest.State.PENDING
        )
        self._bodies = {
            **{f"change-{change.id}": change.payload["body"] for change in pending},
            **{f"version-{version.version}": version.body for version in versions},
        }
        self.fields["source"].choices = [  # type: ignore[attr-defined]
            *((f"change-{change.id}", f"asked for: {change.reason[:60]}") for change in pending),
            *((f"version-{version.version}", f"version {version.version}") for version in versions),
        ]

    def clean_body(self) -> Any:
        """Read the JSON; whether it is a policy is said by the service."""
        text: str = self.cleaned_data["body"]
        try:
            body = json.loads(text) if text.strip() else None
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"This is no JSON: {error}.") from error
        if body is not None and not (isinstance(body, dict) and isinstance(body.get("rules"), list)):
            raise forms.ValidationError("A policy is an object with a list of rules.")
        return body

    def clean(self) -> dict[str, Any]:
        """Ask for one of the two."""
        values: dict[str, Any] = super().clean() or {}
        if not self.errors and values["body"] is None and not values["source"]:
            raise forms.ValidationError("Choose rules, or put them in as JSON.")
        return values

    @property
    def rules(self) -> list[dict[str, Any]]:
        """Of a valid form."""
        body = self.cleaned_data["body"] or self._bodies[self.cleaned_data["source"]]
        rules: list[dict[str, Any]] = body["rules"]
        return rules


class PublicationForm(StatementForm):
    """When a policy takes over."""

    effective_from = forms.SplitDateTimeField(
        required=False, widget=Moment, help_text="UTC. Empty: when the second person signs."
    )
