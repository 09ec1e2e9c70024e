"""Persons: the people that a tenant has told apart, each with up to a hundred of a collection's faces."""

from __future__ import annotations

from typing import ClassVar, Final

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now

from common.preconditions import entity_tag
from common.vocabulary import PersonStatus
from recognition.models.references import tenant_reference
from tenants.models import TenantOwned

PERSON_NAME: Final = r"[A-Za-z0-9_.\-:]{1,128}"
MOST_FACES_OF_A_PERSON: Final = 100

Q = models.Q


class Person(TenantOwned):
    """Somebody in a collection: Rekognition's "user".

    `name` is the tenant's own id for the person, `display_name` what people read. The column `template` (migration
    0015) is the gallery's alone: the mean of the templates of the person's faces, NULL while there is none.
    """

    collection = tenant_reference("Collection")
    name = models.CharField(max_length=128, validators=[RegexValidator(rf"\A{PERSON_NAME}\Z")])
    display_name = models.CharField(max_length=255, blank=True)
    face_count = models.PositiveIntegerField(default=0)
    revision = models.PositiveBigIntegerField(default=1)
    decision_entry_id = models.UUIDField(editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "collection", "id"], name="person_of_collection"),
            models.UniqueConstraint(fields=["tenant", "collection", "name"], name="person_name_once_per_collection"),
            models.CheckConstraint(
                name="person_name_form",
                condition=Q(name__regex=rf"^{PERSON_NAME}$") & ~Q(name__in=[".", ".."]),
            ),
            models.CheckConstraint(
                name="person_face_count_range",
                condition=Q(face_count__gte=0, face_count__lte=MOST_FACES_OF_A_PERSON),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def etag(self) -> str:
        """What `If-Match` is compared with: another one after every change."""
        return entity_tag(self.id, self.revision)

    @property
    def status(self) -> PersonStatus:
        """Whether the person can be found. Faces come and go in one transaction, so there is nothing in between."""
        return PersonStatus.ACTIVE if self.face_count else PersonStatus.CREATED
