"""Disclosure reports, terms of watch-lists, reviews of repeated searches: what ends a refusal by DIS, GAL or SRV."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from common.context import tenant_scope
from common.errors import InvalidRequest
from common.ids import new_id
from common.instants import instant_of, micros_of
from common.vocabulary import CustomerCategory
from governance import four_eyes, gate
from governance.accountability import disclosures, readings
from governance.accountability.models import SubjectReview
from governance.audit import ledger
from governance.casework.reviews import OBLIGATIONS
from governance.errors import NotPermittedForRole
from governance.policies import evaluate
from tests.governance.policy_facts import POLICY, WATCH, make_facts
from tests.governance.test_gate import SEARCH
from tests.worlds import Player, PlayerFactory, Staff, in_case


def _now() -> datetime:
    return ledger.database_now()


def _request(player: Player, **changes: Any) -> gate.AccessRequest:
    resource = gate.ResourceRef("collection", None, player.tenant.id)
    return gate.AccessRequest(
        **{"actor": player.actor, "resource": resource, **SEARCH, "meets": OBLIGATIONS, **changes}
    )


def _fact(name: str, request: gate.AccessRequest) -> Any:
    with tenant_scope(request.actor.tenant_id):
        return getattr(readings, name)(request, {})


def test_a_report_covers_what_was_searched_for_since_the_one_before(make_player: PlayerFactory) -> None:
    charity = in_case(make_player(CustomerCategory.VICTIM_RESCUE_NGO))
    approved = _fact("disclosed_until", _request(charity))
    with gate.authorised(_request(charity, n_searches=3)) as admission, tenant_scope(charity.tenant.id):
        admission.complete()

    first = disclosures.file_disclosure(period_until=_now(), statement="Three searches.", actor=charity.actor)
    second = disclosures.file_disclosure(period_until=_now(), statement="None.", actor=charity.actor)

    assert (first.n_searches, second.n_searches) == (3, 0)
    assert micros_of(first.period_from) == approved
    assert second.period_from == first.period_until
    assert _fact("disclosed_until", _request(charity)) == micros_of(second.period_until)
    listed = disclosures.list_disclosures(actor=charity.actor, paginate=lambda rows: list(rows.order_by("filed_at")))
    assert [report.id for report in listed] == [first.id, second.id]


@pytest.mark.parametrize(
    ("ahead", "statement"), [(timedelta(days=1), "x"), (timedelta(days=-9999), "x"), (timedelta(0), " ")]
)
def test_a_report_of_the_future_or_without_words_is_none(alice: Player, ahead: timedelta, statement: str) -> None:
    with pytest.raises(InvalidRequest):
        disclosures.file_disclosure(period_until=_now() + ahead, statement=statement, actor=alice.actor)


def test_who_was_never_approved_has_reported_nothing(make_player: PlayerFactory) -> None:
    assert _fact("disclosed_until", _request(make_player(approved=False))) is None


def _terms(player: Player, **changes: Any) -> dict[str, Any]:
    return {
        "tenant": str(player.tenant.id),
        "collection": str(new_id()),
        "operation": "Festival of 3 May",
        "effective_from": (_now() - timedelta(hours=1)).isoformat(),
        "expires_at": (_now() + timedelta(hours=1)).isoformat(),
        **changes,
    }


def test_two_officers_put_terms_on_a_watch_list(alice: Player, staff: Staff) -> None:
    payload = _terms(alice)
    request = _request(alice, resource=gate.ResourceRef("collection", new_id(), alice.tenant.id))
    ours = replace(request, resource=replace(request.resource, id=uuid.UUID(payload["collection"])))

    four_eyes.sign_together("grant_watchlist", payload, people=staff.officers, reason="vetted")

    (terms,) = _fact("watchlists", ours)
    assert terms["operation"] == "Festival of 3 May"
    assert _fact("watchlists", request) == []
    assert _fact("watchlists", replace(request, resource=gate.ResourceRef("image", None, alice.tenant.id))) == []
    facts = make_facts(**WATCH) | {"watchlists": [terms], "now": micros_of(_now())}
    assert "GAL-002" not in {rule.id for rule in evaluate(POLICY, facts).fired}
    facts["now"] = micros_of(_now() + timedelta(hours=2))
    assert "GAL-002" in {rule.id for rule in evaluate(POLICY, facts).fired}


@pytest.mark.parametrize(
    "change", [{"operation": " "}, {"collection": "x"}, {"effective_from": "2099-01-01T00:00:00Z"}]
)
def test_terms_that_say_too_little_are_refused(alice: Player, staff: Staff, change: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        four_eyes.sign_together("grant_watchlist", _terms(alice, **change), people=staff.officers, reason="vetted")


def test_two_oversight_members_review_and_nobody_else(alice: Player, staff: Staff) -> None:
    payload = {"tenant": str(alice.tenant.id), "subject": "ab" * 32, "reason": "They look for a missing child."}
    with pytest.raises(NotPermittedForRole):
        four_eyes.sign_together("review_subject", payload, people=staff.officers, reason="seen")
    with pytest.raises(InvalidRequest):
        four_eyes.sign_together("review_subject", {**payload, "subject": "x"}, people=staff.oversight, reason="seen")

    four_eyes.sign_together("review_subject", payload, people=staff.oversight, reason="seen")

    review = SubjectReview.objects.using("officer").get(tenant_id=alice.tenant.id)
    assert (review.subject, review.reviewer_id) == ("ab" * 32, staff.oversight[1].pk)


def test_an_instant_is_the_same_there_and_back() -> None:
    now = _now()

    assert instant_of(micros_of(now)) == now
