"""The disclosure package of a case: what was searched for, who judged it how, and where the log proves it.

A zip of one JSON document, the same as a page, and the pictures of confirmed probes that are kept (RET-002). It names
people of the organisation by id and the candidates by their opaque ids; nobody who was searched for.
"""

from __future__ import annotations

import hashlib
import io
import json
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.template.loader import render_to_string

from common.context import Actor, Usage, tenant_scope
from common.vocabulary import Operation
from governance import gate
from governance.audit import evidence, ledger
from governance.audit import selectors as log
from governance.audit.tags import Tag
from governance.casework import authority, kept_probes, reviews, selectors
from governance.casework.models import Authorisation, Case, ReviewTask

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Package:
    """A zip file; `digest` (SHA-256, hexadecimal) is recorded in the log, so that it can be recognised later."""

    name: str
    data: bytes
    digest: str


def export_case(actor: Actor, *, case_id: uuid.UUID) -> Package:
    """Put together everything that a defence may ask for about a case; also after it was closed.

    Reading it is judged as reading results of the case's purpose, so a moratorium stops it.

    Raises:
        NotAMember, RoleNotSufficient: see `authority`.
        CaseNotFound: there is none of this id, or it is another tenant's.
        PolicyRefused: the policy does not allow reading such results, any more.
    """
    with tenant_scope(actor.tenant_id):
        authority.require_reader(actor)
        case = selectors.get_case(actor.tenant_id, case_id=case_id)
    usage = Usage(case.purpose, actor.usage.on_behalf_of, actor.usage.jurisdiction, case.reference)
    request = gate.AccessRequest(
        actor=replace(actor, usage=usage),
        operation=Operation.READ_RESULT,
        result_of=Operation.SEARCH,
        resource=gate.ResourceRef("case", case_id, actor.tenant_id),
        meets=reviews.OBLIGATIONS,
    )
    with gate.authorised(request) as admission, tenant_scope(actor.tenant_id):
        case = selectors.get_case(actor.tenant_id, case_id=case_id)
        content = _content(case, decision_id=admission.decision_id)
        package = _zipped(content, case=case, pictures=_pictures(case))
        ledger.record_event(
            Tag.CASE_DISCLOSED,
            actor=ledger.ref_of(actor),
            resource=ledger.Resource("case", case_id),
            tenant_id=actor.tenant_id,
            data={"sha256": package.digest, "n_reviews": len(content["reviews"])},
        )
        admission.complete()
    return package


def _content(case: Case, *, decision_id: uuid.UUID) -> dict[str, Any]:
    tasks = selectors.reviews_of(case.tenant_id).filter(case_id=case.id).order_by("id")
    return {
        "version": VERSION,
        "exported_under_decision": str(decision_id),
        "case": {
            "id": str(case.id),
            "reference": case.reference,
            "purpose": case.purpose,
            "offence_class": case.offence_class,
            "rationale": case.rationale,
            "opened_at": case.opened_at.isoformat(),
            "closed_at": case.closed_at.isoformat() if case.closed_at else None,
            "officers": [str(officer.user_id) for officer in case.officers.all()],
        },
        "authorisations": [_authorisation(row) for row in case.authorisations.all()],
        "reviews": [_review(task) for task in tasks],
        "kept_probes": [
            {
                "id": str(kept.id),
                "entry": str(kept.entry_id),
                "entry_leaf_hash": kept.leaf_hash,
                "sealed_sha256": kept.digest,
                "is_erased": kept.is_erased,
            }
            for kept in kept_probes.list_kept(case)
        ],
    }


def _pictures(case: Case) -> dict[str, bytes]:
    """Open what is kept; by the name of its file."""
    return {
        f"probes/{kept.id}.jpg": evidence.open_evidence(kept.id, tenant_id=case.tenant_id)
        for kept in kept_probes.list_kept(case)
        if not kept.is_erased
    }


def _authorisation(row: Authorisation) -> dict[str, Any]:
    instants = ("valid_from", "valid_until", "ratify_by", "ratified_at", "revoked_at", "purged_at", "recorded_at")
    documents = ("document_reference", "document_digest", "ratification_reference", "ratification_digest")
    return {
        "id": str(row.id),
        **{name: getattr(row, name) for name in ("kind", "authority", *documents)},
        "operations": row.operations,
        **{name: value.isoformat() if (value := getattr(row, name)) else None for name in instants},
    }


def _review(task: ReviewTask) -> dict[str, Any]:
    """Verdicts only once it is closed: the second reviewer may be reading this, too. Candidates only once judged: who
    asked may be reading it, and that there is one is the identity.
    """
    verdicts = [] if task.is_pending else list(selectors.verdicts_of(task))
    return {
        "id": str(task.id),
        "operation": task.operation,
        "status": task.status,
        "requested_by": {"kind": task.requester_kind, "id": str(task.requester_id)},
        "on_behalf_of": task.on_behalf_of,
        "jurisdiction": task.jurisdiction,
        "engine_version": task.engine_version,
        "gallery_size": task.gallery_size,
        "threshold": task.threshold,
        "threshold_words": task.threshold_words,
        "expected_false_candidates": task.expected_false_candidates,
        "notices": reviews.notices_of(task),
        "created_at": task.created_at.isoformat(),
        "closed_at": task.closed_at.isoformat() if task.closed_at else None,
        "decision": _entry(task.tenant_id, task.decision_entry_id),
        "candidates": [
            {"id": str(row.id), "probe": probe.number, "rank": row.rank, "band": row.band, "state": row.state}
            for probe in task.probes.all()
            for row in (probe.candidates.all() if task.is_judged else ())
        ],
        "verdicts": [
            {
                "reviewer": str(verdict.reviewer_id),
                "judgements": verdict.judgements,
                "reasons": verdict.reasons,
                "given_at": verdict.given_at.isoformat(),
                "decision": _entry(task.tenant_id, verdict.decision_entry_id),
            }
            for verdict in verdicts
        ],
    }


def _entry(tenant_id: uuid.UUID, decision_id: uuid.UUID) -> dict[str, Any]:
    """Return where the log has a decision: its id, and the leaf hashes of it and of its outcome."""
    found = {
        "entry": log.get_decision(tenant_id, decision_id=decision_id),
        "outcome": log.get_outcome(tenant_id, decision_id=decision_id),
    }
    return {
        "id": str(decision_id),
        **{f"{name}_leaf_hash": bytes(entry.leaf_hash).hex() if entry else None for name, entry in found.items()},
    }


def _zipped(content: Mapping[str, Any], *, case: Case, pictures: Mapping[str, bytes]) -> Package:
    document = json.dumps(content, indent=1, ensure_ascii=False).encode()
    page = render_to_string("casework/disclosure.html", {"content": content, "document": hashlib.sha256(document)})
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("disclosure.json", document)
            archive.writestr("disclosure.html", page)
            for name, picture in pictures.items():
                archive.writestr(name, picture)
        data = file.getvalue()
    return Package(f"disclosure-{case.id}.zip", data, hashlib.sha256(data).hexdigest())
