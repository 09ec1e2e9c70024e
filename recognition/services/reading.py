"""Reading what was enrolled: judged for what the reader states, and for all that the contents were made for.

No grandfathering (GOVERNANCE 4): what was made for a use that is stopped since cannot be read by stating another one.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from common.context import Actor, Usage, tenant_scope
from common.vocabulary import Operation
from governance import gate
from recognition.selectors import collections as selectors


@dataclass(frozen=True, slots=True)
class Reading:
    """An allowed reading; `complete` ends it in the open transaction, as `gate.Admission.complete` does."""

    admissions: tuple[gate.Admission, ...]

    @property
    def own(self) -> gate.Admission:
        """What was asked for itself."""
        return self.admissions[-1]

    def complete(self, *, n_faces: int | None = None, resource: gate.ResourceRef | None = None) -> None:
        """Cross the fence and write every outcome.

        Raises:
            PolicyRefused: the policy changed meanwhile and no longer allows this.
        """
        for admission in self.admissions:
            admission.complete(n_faces=n_faces, resource=resource)


@contextmanager
def authorised(collection_id: uuid.UUID, *, actor: Actor, resource: gate.ResourceRef) -> Iterator[Reading]:
    """Run a block that reads contents of a collection; see `gate.authorised`.

    Raises:
        PolicyRefused: the policy does not allow it, for one of the uses.
    """
    request = gate.AccessRequest(
        actor=actor,
        operation=Operation.READ_RESULT,
        result_of=Operation.ENROL,
        resource=resource,
        collection_id=collection_id,
    )
    with authorised_of(request, collection_ids=[collection_id]) as reading:
        yield reading


@contextmanager
def authorised_of(request: gate.AccessRequest, *, collection_ids: Iterable[uuid.UUID]) -> Iterator[Reading]:
    """Run a block that uses contents of collections, as `request` says and for all that they were made for.

    Raises:
        PolicyRefused: the policy does not allow it, for one of the uses.
    """
    actor = request.actor
    with tenant_scope(actor.tenant_id):
        uses = {use for each in collection_ids for use in selectors.uses_of(actor.tenant_id, collection_id=each)} - {
            _stated_by(actor)
        }
    origins = [_made_for(use, request=request) for use in sorted(uses, key=repr)]
    with ExitStack() as stack:
        # The reader's own last: its decision is the one that the answer names.
        yield Reading(tuple(stack.enter_context(gate.authorised(asked)) for asked in (*origins, request)))


def _made_for(use: Usage, *, request: gate.AccessRequest) -> gate.AccessRequest:
    usage = replace(
        request.actor.usage,
        purpose=use.purpose,
        on_behalf_of=use.on_behalf_of,
        jurisdiction=use.jurisdiction,
    )
    return replace(request, actor=replace(request.actor, usage=usage), of_origin=True)


def _stated_by(actor: Actor) -> Usage:
    return Usage(actor.usage.purpose, actor.usage.on_behalf_of, actor.usage.jurisdiction)
