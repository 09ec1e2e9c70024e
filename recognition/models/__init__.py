"""Collections, the images and faces enrolled in them, persons, and the jobs that enrol many: one module a subject.

Templates are not here: their table is made and read by `recognition.gallery` alone. Foreign keys between tenant tables
hold in the database together with `tenant_id` (migration 0002); Django's own are declared without a constraint.
"""

from recognition.models.buckets import BUCKET_NAME, BUCKET_REGION, PRINTABLE, Bucket
from recognition.models.collections import (
    COLLECTION_NAME,
    LARGEST_DIMENSIONS,
    SHARED_PARTITIONS,
    Collection,
    CollectionUse,
    TemplatePartition,
)
from recognition.models.engine_moves import EngineMove, ShadowScore, UnmovedFace
from recognition.models.evaluations import EvaluationRun
from recognition.models.faces import Face
from recognition.models.images import Image, StoredFile
from recognition.models.jobs import DispatchTicket, Job, JobItem, QualityFilter
from recognition.models.persons import MOST_FACES_OF_A_PERSON, PERSON_NAME, Person
from recognition.models.references import tenant_reference

__all__ = [
    "BUCKET_NAME",
    "BUCKET_REGION",
    "COLLECTION_NAME",
    "LARGEST_DIMENSIONS",
    "MOST_FACES_OF_A_PERSON",
    "PERSON_NAME",
    "PRINTABLE",
    "SHARED_PARTITIONS",
    "Bucket",
    "Collection",
    "CollectionUse",
    "DispatchTicket",
    "EngineMove",
    "EvaluationRun",
    "Face",
    "Image",
    "Job",
    "JobItem",
    "Person",
    "QualityFilter",
    "ShadowScore",
    "StoredFile",
    "TemplatePartition",
    "UnmovedFace",
    "tenant_reference",
]
