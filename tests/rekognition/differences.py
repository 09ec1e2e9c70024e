"""Where Custos answers otherwise than Amazon, each with the test that shows it.

python -m tests.rekognition.differences     # write the table and the list of operations into the reference page
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "reference" / "rekognition.md"
BEGIN: Final = "<!-- {}: written by `python -m tests.rekognition.differences` -->"
END: Final = "<!-- end -->"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference; `test` is `module.function` below `tests.rekognition`."""

    about: str
    amazon: str
    custos: str
    test: str


DIFFERENCES: Final = (
    Difference(
        "operations",
        "75",
        "those listed above; every other one is `AccessDeniedException`, not `UnknownOperationException`",
        "test_protocol.test_every_operation_that_amazon_has_is_answered_or_refused_as_not_offered",
    ),
    Difference(
        "use",
        "allowed by IAM",
        "allowed by the gate; refused with `AccessDeniedException`, the rules' ids and the address of the decision",
        "test_governance.test_a_refused_tenant_gets_its_rights_and_everywhere_else_the_rule",
    ),
    Difference(
        "low thresholds",
        "any",
        "below the category's floor refused, not raised; below the collection's own `InvalidParameterException`",
        "test_governance.test_a_threshold_below_the_floor_is_refused_and_not_raised",
    ),
    Difference(
        "threshold left out",
        "80",
        "the lowest that policy and collection allow, at least 80",
        "test_faces.test_the_collections_own_threshold_is_a_floor",
    ),
    Difference(
        "purpose of a call",
        "–",
        "the key's; `x-custos-purpose`, `-on-behalf-of`, `-jurisdiction`, `-case` narrow it when they are signed",
        "test_governance.test_signed_headers_narrow_what_a_call_is_for",
    ),
    Difference(
        "session tokens",
        "yes (STS)",
        "no: `UnrecognizedClientException`",
        "test_signature.test_a_request_that_was_changed_after_it_was_signed_is_refused",
    ),
    Difference(
        "region and account",
        "where it runs, who pays",
        "the region is what the client calls it; twelve digits stand for the tenant. Neither decides anything",
        "test_collections.test_a_collection_comes_and_goes",
    ),
    Difference(
        "FaceModelVersion",
        "`7.0`",
        "`1.` and a number that stands for the engine version; compare it for equality",
        "test_collections.test_a_collection_comes_and_goes",
    ),
    Difference(
        "`S3Object`",
        "an object of an S3 bucket",
        "an object of a bucket that the tenant has registered, or an image that a collection keeps (`store_images`):"
        " the bucket is then the collection, the name the `ImageId`. Never a path or an address",
        "test_buckets.test_an_object_is_read_in_every_operation",
    ),
    Difference(
        "`Attributes`",
        "all of them",
        "`ALL` is what the engine says; to name one that it does not is `InvalidParameterException`."
        " More than `DEFAULT` takes the operation `analyse_attributes`",
        "test_attributes.test_they_are_a_use_of_their_own",
    ),
    Difference(
        "`EyeDirection`",
        "yaw and pitch",
        "yaw from the lens, head and eyes together; no `Pitch` ([why](../decisions/0025-what-is-not-said.md))",
        "test_attributes.test_the_default_engine_says_eyes_without_pitch_and_no_expression_that_amazon_has_not",
    ),
    Difference(
        "`Emotions`",
        "eight and `UNKNOWN`",
        "the same without `CONFUSED` and `FEAR`; rare ones with low confidence ([service card](service-card.md))",
        "test_attributes.test_the_default_engine_says_eyes_without_pitch_and_no_expression_that_amazon_has_not",
    ),
    Difference(
        "`QualityFilter`",
        "bars that are not stated",
        "bars that are ([models](models.md)); `AUTO` is `LOW`",
        "test_faces.test_each_quality_filter_leaves_out_what_is_below_its_bar",
    ),
    Difference(
        "collection names",
        "also `.` and `..`",
        "not these two",
        "test_collections.test_names_beyond_the_limits_are_refused",
    ),
    Difference(
        "broken limits",
        "`InvalidParameterException` or `ValidationException`",
        "`InvalidParameterException`; a value of a wrong JSON type `SerializationException`",
        "test_protocol.test_a_value_of_a_wrong_kind_is_refused_without_being_repeated",
    ),
    Difference(
        "image too long",
        "`InvalidParameterException` or `ImageTooLargeException`",
        "`ImageTooLargeException`, from 5 MiB on",
        "test_faces.test_images_that_cannot_be_used_are_refused_in_every_operation",
    ),
    Difference(
        "smallest image",
        "80 pixels a side",
        "no limit; faces below 20 pixels are left out by `QualityFilter`",
        "test_faces.test_faces_of_low_quality_are_left_out_unless_told_otherwise",
    ),
    Difference(
        "the same image indexed again",
        "no duplicate",
        "no duplicate, and the ids of the first time are answered; faces that are missing are added",
        "test_faces.test_the_same_image_under_the_same_name_is_indexed_once",
    ),
    Difference(
        "order of lists",
        "not stated",
        "oldest first",
        "test_collections.test_a_paginator_finds_every_collection_once",
    ),
    Difference(
        "`MaxResults` of 0",
        "not stated",
        "as if left out",
        "test_collections.test_a_page_holds_as_many_as_asked_for",
    ),
    Difference(
        "attempts again",
        "`ThrottlingException`, `ProvisionedThroughputExceededException`",
        "the same: a rate is the first, a used-up daily quota the second",
        "test_protocol.test_calls_are_counted_throttled_and_charged",
    ),
    Difference(
        "quotas",
        "of collections, faces and users: `ServiceQuotaExceededException`",
        "of tags, and of the faces of a user; the cap of an approval is `AccessDeniedException` (GAL-001)",
        "test_errors.test_what_never_comes_is_listed_by_amazon_and_told_of",
    ),
    Difference(
        "a user that is being changed",
        "`ConflictException`",
        "is waited for",
        "test_errors.test_what_never_comes_is_listed_by_amazon_and_told_of",
    ),
    Difference(
        "`UnsearchedFaces`",
        "every face that was not searched for",
        "the same; of an image whose every face is below the filter, none",
        "test_users.test_faces_that_are_not_searched_for_say_why",
    ),
    Difference(
        "errors and request tokens",
        "not stated",
        "an error has done nothing and leaves the token free; a call that is being answered is `ThrottlingException`",
        "test_users.test_an_error_leaves_the_token_free",
    ),
    Difference(
        "status of a user",
        "`CREATING`, `UPDATING` too",
        "`CREATED` or `ACTIVE`: faces come and go in one transaction",
        "test_users.test_faces_are_taken_away_again",
    ),
    Difference(
        "body above 15 MB",
        "HTTP 413",
        "HTTP 413, `RequestEntityTooLargeException`",
        "test_protocol.test_a_body_that_is_announced_too_large_is_not_read",
    ),
)


def table() -> str:
    """Return the table of differences."""
    rows = [f"| {d.about} | {d.amazon} | {d.custos} |" for d in DIFFERENCES]
    return "\n".join(["| about | Amazon | Custos |", "|---|---|---|", *rows])


def operations() -> str:
    """Return the list of operations that are offered, with the use-case that each one calls."""
    from recognition.rekognition.operations import OPERATIONS

    rows = [f"| `{name}` | {(run.__doc__ or '').strip().splitlines()[0]} |" for name, run in sorted(OPERATIONS.items())]
    return "\n".join(["| operation | what it does |", "|---|---|", *rows])


def rendered(page: str) -> str:
    """Return the reference page with its generated parts as they must be."""
    for name, content in (("operations", operations()), ("differences", table())):
        begin = BEGIN.format(name)
        head, _, rest = page.partition(begin)
        _, _, tail = rest.partition(END)
        page = f"{head}{begin}\n{content}\n{END}{tail}"
    return page


def main() -> None:
    """Write the generated parts."""
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    os.environ.setdefault("CUSTOS_ENV", "test")
    django.setup()
    PAGE.write_text(rendered(PAGE.read_text()))


if __name__ == "__main__":
    main()
