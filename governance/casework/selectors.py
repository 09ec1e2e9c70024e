"""Cases and reviews of a tenant: every function runs inside its scope."""

from __future__ import annotations

import uuid

from django.db.models import Prefetch, QuerySet

from governance.casework.errors import AuthorisationNotFound, CaseNotFound
from governance.casework.models import Authorisation, Case, CaseOfficer


def cases_of(tenant_id: uuid.UUID) -> QuerySet[Case]:
    """Return the tenant's cases with their officers and authorisations."""
    officers = CaseOfficer.objects.select_related("user").order_by("id")
    authorisations = Authorisation.objects.order_by("id")
    return Case.objects.filter(tenant_id=tenant_id).prefetch_related(
        Prefetch("officers", queryset=officers), Prefetch("authorisations", queryset=authorisations)
    )


def get_case(tenant_id: uuid.UUID, *, case_id: uuid.UUID) -> Case:
    """Return a case of the tenant.

    Raises:
        CaseNotFound: there is none of this id, or it is another tenant's.
    """
    case = cases_of(tenant_id).filter(id=case_id).first()
    if case is None:
        raise CaseNotFound
    return case


def lock_case(tenant_id: uuid.UUID, *, case_id: uuid.UUID) -> Case:
    """Lock a case of the tenant until the transaction ends.

    Raises:
        CaseNotFound: see `get_case`.
    """
    case = Case.objects.select_for_update(no_key=True).filter(tenant_id=tenant_id, id=case_id).first()
    if case is None:
        raise CaseNotFound
    return case


def lock_authorisation(case: Case, *, authorisation_id: uuid.UUID) -> Authorisation:
    """Lock an authorisation of a locked case.

    Raises:
        AuthorisationNotFound: the case holds none of this id.
    """
    rows = Authorisation.objects.select_for_update(no_key=True).filter(tenant_id=case.tenant_id, case_id=case.id)
    authorisation = rows.filter(id=authorisation_id).first()
    if authorisation is None:
        raise AuthorisationNotFound
    return authorisation
