"""Collections, the images and faces enrolled in them, and the jobs that enrol many: one module for each subject.

Templates are not here: their table is made and read by `recognition.gallery` alone. Foreign keys between tenant tables
hold in the database together with `tenant_id` (migration 0002); Django's own are declared without a constraint.
"""

from recognition.models.collections import (
    COLLECTION_NAME,
    LARGEST_DIMENSIONS,
    SHARED_PARTITIONS,
    Collection,
    CollectionUse,
    TemplatePartition,
)
from recognition.models.evaluations import EvaluationRun
from recognition.models.faces import Face
from recognition.models.images import Image, StoredFile
from recognition.models.jobs import DispatchTicket, Job, JobItem, QualityFilter
from recognition.models.references import tenant_reference

__all__ = [
    "COLLECTION_NAME",
    "LARGEST_DIMENSIONS",
    "SHARED_PARTITIONS",
    "Collection",
    "CollectionUse",
    "DispatchTicket",
    "EvaluationRun",
    "Face",
    "Image",
    "Job",
    "JobItem",
    "QualityFilter",
    "StoredFile",
    "TemplatePartition",
    "tenant_reference",
]
