"""Build the demo world once, and write down its log-ins.

Everything goes through the services that a real operator's screens use; nothing is inserted behind their back. The
police enrol one photograph *before* the moratorium begins, so that there is something their rights apply to after it.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from common.context import Actor, ActorKind, Usage
from common.vocabulary import CustomerCategory, Operation, StaffRole
from demo import cast
from demo.photographs import Photographs
from governance import services as governance
from governance.audit import ledger
from governance.catalogue import DEFAULT_POLICY_BODY
from recognition.engines import registry
from recognition.services import collections, enrolment
from tenants import selectors, services
from tenants.models import User
from tenants.sign_in import give_totp

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


@dataclass(slots=True)
class _Build:
    report: Report
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
    """Build the world and write its log-ins (0600).

    Raises:
        PlatformError: a part of the world exists already without its log-ins.
    """
    work = _Build(report)
    report("Publishing the default policy")
    governance.publish_policy(
        dict(DEFAULT_POLICY_BODY), author="custos shipped policy", approver="operator of this instance"
    )
    report("Creating staff: two officers, two oversight members, an auditor")
    for username, role in cast.STAFF:
        _create_staff(work, username=username, role=role)
    tenants = []
    for part in cast.TENANTS:
        report(f"Creating tenant {part.slug}: {part.name} ({part.category})")
        tenants.append(_create_tenant(work, part=part))
    report("Enrolling one photograph for the police, before the moratorium begins")
    police_face_id = _enrol_for_police(tenants[-1], photographs=photographs)
    report("Imposing the moratorium on police use, with an exemption for the rescue charity")
    moratorium_id = _impose_moratorium(work)
    credentials = Credentials(base_url, tenants, work.logins, str(police_face_id), str(moratorium_id))
    _write(credentials_path(home), credentials)
    return credentials


def _password() -> str:
    return secrets.token_urlsafe(15)


def _create_staff(work: _Build, *, username: str, role: StaffRole) -> None:
    password = _password()
    user = services.create_staff(username=username, password=password, role=role, actor=ledger.SYSTEM)
    work.staff[username] = user
    work.logins.append(LogIn(role.value, username, password, give_totp(user)))


def _create_tenant(work: _Build, *, part: cast.TenantPart) -> TenantLogIns:
    defaults = services.MemberDefaults(
        purpose=part.purposes[0], on_behalf_of=part.stated_end_user, jurisdiction=part.jurisdiction
    )
    tenant = services.create_tenant(
        part.slug, name=part.name, category=part.category, actor=ledger.SYSTEM, defaults=defaults
    )
    users = []
    for username, role in part.members:
        password = _password()
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
    key = services.issue_api_key(tenant.id, label="demo key", binding=binding, actor=ledger.SYSTEM)
    use = governance.ApprovedUse(
        purposes=part.purposes,
        operations=cast.WORKING_OPERATIONS,
        jurisdictions=[part.jurisdiction],
        end_users=part.end_users,
        engine_versions=[registry.get().version],
    )
    officers = (work.staff["officer-1"], work.staff["officer-2"])
    expires_at = ledger.database_now() + APPROVED_FOR
    governance.grant_approval(tenant.id, use=use, expires_at=expires_at, approvers=officers)
    return TenantLogIns(
        part.slug, part.name, part.category.value, key.token, users, key.access_key_id, key.secret_access_key
    )


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
    collections.create_collection(cast.POLICE_COLLECTION, actor=actor)
    enrolled = enrolment.enrol_image(
        photographs.read("person_d_1"), collection_name=cast.POLICE_COLLECTION, actor=actor
    )
    return enrolled.face_ids[0]


def _impose_moratorium(work: _Build) -> UUID:
    moratorium = governance.impose_moratorium(
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
    """Write the file with mode 0600 from its first byte on, and put it in place at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".partial")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(credentials), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
