"""Build the demo world once, and write down its log-ins.

Everything goes through the services that a real operator's screens use; nothing is inserted behind their back. The
police enrol one photograph *before* the moratorium begins, so that there is something their rights apply to after it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from common.context import Actor, ActorKind, Usage
from common.vocabulary import CustomerCategory, Operation, Purpose, StaffRole
from demo import cast, vetting
from demo.photographs import Photographs
from demo.progress import Progress, write_private
from governance import services as governance
from governance.audit import ledger
from governance.casework import cases, training
from governance.casework.errors import CaseExists
from governance.models import Exemption, Moratorium
from recognition.errors import CollectionExists
from recognition.services import collections, enrolment, faces
from tenants import selectors, services
from tenants.models import User
from tenants.sign_in import give_totp, totp_secret_of

Report = Callable[[str], None]

APPROVED_FOR = timedelta(days=360)


@dataclass(frozen=True, slots=True)
class LogIn:
    """A person; `totp_secret` (base32, for an authenticator app) where a second factor is set up: all staff."""

    role: str
    username: str
    password: str
    totp_secret: str = ""


@dataclass(frozen=True, slots=True)
class TenantLogIns:
    slug: str
    name: str
    category: str
    api_key: str
    users: list[LogIn]
    access_key_id: str = ""
    secret_access_key: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The content of `demo/credentials.json`; `police_face_id` is the face enrolled before the moratorium."""

    base_url: str
    tenants: list[TenantLogIns]
    staff: list[LogIn]
    police_face_id: str = ""
    moratorium_id: str = ""

    def key_of(self, slug: str) -> str:
        """Return the API key of a tenant of the demo world."""
        return next(tenant.api_key for tenant in self.tenants if tenant.slug == slug)


class WorldWithoutLogIns(Exception):
    """The database holds people of a demo world whose passwords nobody wrote down; the message says what to do."""


@dataclass(slots=True)
class _Build:
    report: Report
    progress: Progress
    staff: dict[str, User] = field(default_factory=dict)
    logins: list[LogIn] = field(default_factory=list)


def credentials_path(home: Path) -> Path:
    return home / "demo" / "credentials.json"


def read_credentials(home: Path) -> Credentials | None:
    """Return the log-ins of the demo world, or None when it has not been built."""
    path = credentials_path(home)
    if not path.is_file():
        return None
    content = json.loads(path.read_text())
    tenants = [TenantLogIns(**{**t, "users": [LogIn(**u) for u in t["users"]]}) for t in content.pop("tenants")]
    staff = [LogIn(**member) for member in content.pop("staff")]
    return Credentials(tenants=tenants, staff=staff, **content)


def build(*, home: Path, base_url: str, photographs: Photographs, report: Report) -> Credentials:
    """Build the world and write its log-ins (0600); goes on where an earlier call was killed.

    Raises:
        PlatformError: the platform refuses a step.
        WorldWithoutLogIns: people of the demo world exist, and nothing in this home knows their passwords.
    """
    work = _Build(report, Progress(home / "demo" / "progress.json"))
    report("Publishing the default policy")
    governance.publish_shipped_policy()
    report("Creating staff: two officers, two oversight members, an auditor")
    for username, role in cast.STAFF:
        _create_staff(work, username=username, role=role)
    tenants = []
    for part in cast.TENANTS:
        report(f"Creating tenant {part.slug}: {part.name} ({part.category}); it applies, and two officers approve it")
        tenants.append(_create_tenant(work, part=part))
    report("Enrolling one photograph for the police, before the moratorium begins")
    police_face_id = work.progress.remember(
        "police face", lambda: str(_enrol_for_police(tenants[-1], photographs=photographs))
    )
    report("Opening the charity's cases")
    _open_cases(tenants[2])
    report("Attesting the training of the charity's reviewers")
    _attest_reviewers(tenants[2])
    report("Imposing the moratorium on police use, with an exemption for the rescue charity")
    moratorium_id = _impose_moratorium(work)
    credentials = Credentials(base_url, tenants, work.logins, police_face_id, str(moratorium_id))
    _write(credentials_path(home), credentials)
    work.progress.forget()
    return credentials


def _password() -> str:
    return secrets.token_urlsafe(15)


def _create_staff(work: _Build, *, username: str, role: StaffRole) -> None:
    password = work.progress.remember(f"password of {username}", _password)
    user = _known_person(username, password=password) or services.create_staff(
        username=username, password=password, role=role, actor=ledger.SYSTEM
    )
    work.staff[username] = user
    work.logins.append(LogIn(role.value, username, password, totp_secret_of(user) or give_totp(user)))


def _known_person(username: str, *, password: str) -> User | None:
    user = User.objects.filter(username=username).first()
    if user is not None and not user.check_password(password):
        raise WorldWithoutLogIns(
            f"{username} exists and the password is not known here: the log-ins of this demo world were lost."
            " Start with a new home (CUSTOS_HOME=var-two make run), or remove this one."
        )
    return user


def _create_tenant(work: _Build, *, part: cast.TenantPart) -> TenantLogIns:
    defaults = services.MemberDefaults(
        purpose=part.purposes[0], on_behalf_of=part.stated_end_user, jurisdiction=part.jurisdiction
    )
    tenant = selectors.get_tenant_by_slug(part.slug) or services.create_tenant(
        part.slug, name=part.name, category=part.category, actor=ledger.SYSTEM, defaults=defaults
    )
    users = []
    for username, role in part.members:
        password = work.progress.remember(f"password of {username}", _password)
        if _known_person(username, password=password) is None:
            services.create_member(
                tenant.id,
                username=username,
                password=password,
                role=role,
                actor=ledger.SYSTEM,
                email=f"{username}@{part.slug}.example",
            )
        users.append(LogIn(role.value, username, password))
    binding = services.KeyBinding(
        operations=(*cast.WORKING_OPERATIONS, Operation.DELETE, Operation.READ_OWN_DECISIONS),
        purposes=part.purposes,
        end_users=part.end_users,
        default_purpose=part.purposes[0],
        default_jurisdiction=part.jurisdiction,
        default_on_behalf_of=part.stated_end_user,
    )

    def issue() -> str:
        key = services.issue_api_key(tenant.id, label="demo key", binding=binding, actor=ledger.SYSTEM)
        return json.dumps([key.token, key.access_key_id, key.secret_access_key])

    token, access_key_id, secret_access_key = json.loads(work.progress.remember(f"key of {part.slug}", issue))
    owner = Actor(ActorKind.USER, User.objects.get(username=part.members[0][0]).pk, tenant.id, Usage(None, None, None))
    vetters = vetting.Vetters((work.staff["officer-1"], work.staff["officer-2"]), work.staff["oversight-1"])
    vetting.have_approved(owner, part=part, vetters=vetters, expires_at=ledger.database_now() + APPROVED_FOR)
    return TenantLogIns(part.slug, part.name, part.category.value, token, users, access_key_id, secret_access_key)


def actor_of_key(slug: str, *, token: str) -> Actor:
    """Return the actor that a demo key stands for, as the REST edge would build it."""
    from tenants.credentials import parse_token

    text = parse_token(token)
    found = selectors.find_api_key(text.public_id) if text else None
    if found is None:
        raise LookupError(f"The demo key of {slug} is not known to this instance.")
    usage = Usage(found.default_purpose, found.default_on_behalf_of, found.default_jurisdiction)
    return Actor(ActorKind.API_KEY, found.id, found.tenant_id, usage)


def _enrol_for_police(tenant: TenantLogIns, *, photographs: Photographs) -> UUID:
    actor = actor_of_key(tenant.slug, token=tenant.api_key)
    with suppress(CollectionExists):
        collections.create_collection(cast.POLICE_COLLECTION, actor=actor)
    known = faces.list_faces(collection_name=cast.POLICE_COLLECTION, actor=actor, paginate=lambda rows: rows.first())
    if known is not None:
        return known.id
    enrolled = enrolment.enrol_image(
        photographs.read("person_d_1"), collection_name=cast.POLICE_COLLECTION, actor=actor
    )
    return enrolled.face_ids[0]


def _open_cases(charity: TenantLogIns) -> None:
    actor = actor_of_key(charity.slug, token=charity.api_key)
    officers = list(User.objects.filter(username="rescue-caseworker").values_list("id", flat=True))
    for reference, offence_class, rationale in cast.CASES:
        with suppress(CaseExists):
            cases.open_case(
                actor,
                reference=reference,
                purpose=Purpose.VICTIM_IDENTIFICATION,
                offence_class=offence_class,
                rationale=rationale,
                officers=officers,
            )


def member_of(slug: str, *, username: str, token: str) -> Actor:
    """Return a signed-in member of a tenant of the demo world, as the pages would build it."""
    key = actor_of_key(slug, token=token)
    return replace(key, kind=ActorKind.USER, id=User.objects.get(username=username).pk)


def _attest_reviewers(charity: TenantLogIns) -> None:
    owner = member_of(charity.slug, username="rescue-owner", token=charity.api_key)
    known = {attestation.user.username for attestation in training.list_current(owner)}
    for username in cast.REVIEWERS:
        if username not in known:
            training.attest(
                owner,
                user_id=User.objects.get(username=username).pk,
                course="Facial comparison for reviewers",
                expires_at=ledger.database_now() + APPROVED_FOR,
            )


def _impose_moratorium(work: _Build) -> UUID:
    known = Moratorium.objects.using("officer").filter(reason=cast.MORATORIUM_REASON, lifted_at=None).first()
    moratorium = known or governance.impose_moratorium(
        selector=governance.Selector(
            categories=[CustomerCategory.LAW_ENFORCEMENT],
            operations=[Operation.DETECT, Operation.COMPARE, Operation.ENROL, Operation.SEARCH, Operation.TRACK],
            jurisdictions=["US"],
        ),
        reason=cast.MORATORIUM_REASON,
        legal_source=cast.MORATORIUM_SOURCE,
        imposed_by=work.staff["oversight-1"],
    )
    charity = selectors.get_tenant_by_slug("rescue-charity")
    if charity is None:
        raise LookupError("The rescue charity is missing from the demo world.")
    if Exemption.objects.using("officer").filter(moratorium=moratorium, revoked_at=None).exists():
        return moratorium.id
    governance.grant_exemption(
        moratorium,
        tenant_id=charity.id,
        purposes=cast.EXEMPT_PURPOSES,
        operations=[Operation.DETECT, Operation.COMPARE, Operation.ENROL, Operation.SEARCH],
        end_users=[CustomerCategory.LAW_ENFORCEMENT],
        expires_at=ledger.database_now() + APPROVED_FOR,
        approvers=(work.staff["officer-1"], work.staff["officer-2"]),
    )
    return moratorium.id


def _write(path: Path, credentials: Credentials) -> None:
    write_private(path, json.dumps(asdict(credentials), indent=2))
