"""The gate at this edge: the same refusals as everywhere, in the words of the protocol."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from common.context import tenant_scope
from common.vocabulary import CustomerCategory, Operation, Purpose
from governance import services as governance
from governance.audit.models import AuditEntry
from governance.errors import PolicyRefused
from governance.models import Suspension
from recognition.models import Collection
from recognition.rekognition import model
from recognition.rekognition.faults import fault_of
from recognition.rekognition.operations import OPERATIONS
from tests.rekognition.calls import IMAGE, arguments_of, in_text, set_up
from tests.rekognition.conftest import GALLERY, Sdk
from tests.rekognition.wire import call, code_of, content_of
from tests.worlds import MoratoriumFactory, Player, PlayerFactory, Staff, in_case

# Rights, which nothing takes away (GOVERNANCE 4).
RIGHTS = {"DeleteFaces", "DeleteCollection", "DeleteUser", "DisassociateFaces"}


def _walk(client: Any, *, face_id: str, arn: str) -> dict[str, str]:
    """Call every operation; return what each answered: `ok`, or the code and message."""
    answers = {}
    for name, arguments in arguments_of(face_id, arn).items():
        method = getattr(client, "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_"))
        try:
            method(**arguments)
            answers[name] = "ok"
        except ClientError as error:
            answers[name] = f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
            assert error.response["ResponseMetadata"].get("RetryAttempts") == 0, name
    return answers


def _moratorium(player: Player, staff: Staff, impose: MoratoriumFactory) -> str:
    impose(selector=governance.Selector(categories=[CustomerCategory.LAW_ENFORCEMENT]))
    return "MOR-001"


def _suspension(player: Player, staff: Staff, impose: MoratoriumFactory) -> str:
    governance.suspend(
        player.tenant.id,
        target=Suspension.Target.ORGANISATION,
        target_id=player.tenant.id,
        reason="test",
        imposed_by=staff.oversight[0],
    )
    return "SUS-001"


def test_there_are_arguments_for_every_operation() -> None:
    assert set(arguments_of("", "")) == set(OPERATIONS)


def test_an_allowed_tenant_gets_every_answer(sdk: Sdk, alice: Player) -> None:
    face_id, arn = set_up(alice)

    assert set(_walk(sdk(alice), face_id=face_id, arn=arn).values()) == {"ok"}


@pytest.mark.parametrize("stop", [_moratorium, _suspension], ids=["police under moratorium", "suspended"])
def test_a_refused_tenant_gets_its_rights_and_everywhere_else_the_rule(
    sdk: Sdk,
    make_player: PlayerFactory,
    staff: Staff,
    impose: MoratoriumFactory,
    stop: Callable[[Player, Staff, MoratoriumFactory], str],
) -> None:
    """And SDKs do not try again what policy refused, though they would try again what is throttled."""
    player = make_player(CustomerCategory.LAW_ENFORCEMENT)
    face_id, arn = set_up(player)
    rule = stop(player, staff, impose)

    answers = _walk(sdk(player, attempts=3), face_id=face_id, arn=arn)

    for name, answer in answers.items():
        if name in RIGHTS:
            assert answer == "ok", name
        else:
            assert answer.startswith("AccessDeniedException: "), (name, answer)
            assert rule in answer, (name, answer)
            assert "/v1/decisions/" in answer, (name, answer)


@pytest.mark.parametrize("operation", ["SearchFacesByImage", "SearchFaces", "CompareFaces"])
def test_what_must_be_reviewed_is_refused_and_names_the_other_way(make_player: PlayerFactory, operation: str) -> None:
    """No shape of Amazon's can say that a result waits for two reviewers."""
    player = in_case(make_player(CustomerCategory.VICTIM_RESCUE_NGO))
    face_id, arn = set_up(player)
    case = {"x-custos-case": player.actor.usage.case_ref or ""}

    response = call(player, operation, in_text(arguments_of(face_id, arn)[operation]), headers=case)

    assert code_of(response) == "AccessDeniedException"
    assert "HUM-001" in response.content.decode()
    assert "through /v1" in response.content.decode()
    assert face_id not in response.content.decode()


def test_a_refusal_is_recorded_like_every_other(alice: Player, make_player: PlayerFactory) -> None:
    unvetted = make_player(approved=False)

    response = call(unvetted, "ListCollections")

    assert code_of(response) == "AccessDeniedException"
    assert "VET-001" in content_of(response)["message"]
    with tenant_scope(unvetted.tenant.id):
        decision = AuditEntry.objects.get(id=uuid.UUID(response["Custos-Decision"]))
    assert decision.content["decision"]["effect"] == "deny"


def test_a_threshold_below_the_floor_is_refused_and_not_raised(sdk: Sdk, make_player: PlayerFactory) -> None:
    checker = make_player(CustomerCategory.IDENTITY_VERIFICATION)
    set_up(checker)
    client = sdk(checker)

    with pytest.raises(client.exceptions.AccessDeniedException, match="THR-002"):
        client.search_faces_by_image(CollectionId=GALLERY, Image=IMAGE, FaceMatchThreshold=79.9)
    assert len(client.search_faces_by_image(CollectionId=GALLERY, Image=IMAGE)["FaceMatches"]) == 1


def _with_header(client: Any, name: str, value: str) -> None:
    """Add a header before the SDK signs, as a program would."""
    client.meta.events.register("before-sign.rekognition", lambda request, **_: request.headers.add_header(name, value))


def test_signed_headers_narrow_what_a_call_is_for(sdk: Sdk, make_player: PlayerFactory) -> None:
    purposes = (Purpose.PHOTO_ORGANISATION, Purpose.RESEARCH_EVALUATION)
    player = make_player(purposes=purposes)
    client = sdk(player)
    _with_header(client, "x-custos-purpose", Purpose.RESEARCH_EVALUATION)
    _with_header(client, "x-custos-case", "case-1")

    answer = client.detect_faces(Image=IMAGE)

    with tenant_scope(player.tenant.id):
        decision = AuditEntry.objects.get(id=answer["ResponseMetadata"]["HTTPHeaders"]["custos-decision"])
    assert decision.content["purpose"] == Purpose.RESEARCH_EVALUATION
    assert decision.content["action"] == Operation.DETECT
    assert "case-1" not in str(decision.content)


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("x-custos-purpose", "criminal_investigation", "AccessDeniedException"),
        ("x-custos-jurisdiction", "DE", "AccessDeniedException"),
        ("x-custos-on-behalf-of", "law_enforcement", "AccessDeniedException"),
        ("x-custos-purpose", "p" * 201, "InvalidParameterException"),
        ("x-custos-colour", "blue", "IncompleteSignatureException"),
    ],
)
def test_signed_headers_never_widen_it(sdk: Sdk, alice: Player, header: str, value: str, code: str) -> None:
    client = sdk(alice)
    _with_header(client, header, value)

    with pytest.raises(ClientError) as refused:
        client.detect_faces(Image=IMAGE)

    assert refused.value.response["Error"]["Code"] == code


def test_the_police_key_finds_nobody_by_any_detour(
    sdk: Sdk, make_player: PlayerFactory, impose: MoratoriumFactory, gallery: Collection
) -> None:
    """No answer under a moratorium holds a face, whatever was there before."""
    player = make_player(CustomerCategory.LAW_ENFORCEMENT)
    face_id, arn = set_up(player)
    impose(selector=governance.Selector(categories=[CustomerCategory.LAW_ENFORCEMENT]))

    answers = _walk(sdk(player), face_id=face_id, arn=arn)

    assert face_id not in str({name: answer for name, answer in answers.items() if name not in RIGHTS})


@pytest.mark.parametrize(
    ("operation", "route"),
    [("SearchFaces", "/v1/collections/{collection}/search"), ("CompareFaces", "/v1/compare"), ("DetectFaces", None)],
)
def test_a_search_that_people_must_review_is_sent_to_rest(operation: str, route: str | None) -> None:
    refusal = PolicyRefused(decision_id=uuid.uuid4(), rules=[{"id": "HUM-001", "reason": "two reviewers"}])

    fault = fault_of(refusal, operation=operation, known=model.errors_of(operation))

    assert fault.code == "AccessDeniedException"
    assert ("By REST" in fault.message) == (route is not None)
    assert route is None or route in fault.message
