"""The page that says where Custos differs is as the tests have it."""

from __future__ import annotations

from importlib import import_module

from tests.rekognition.differences import DIFFERENCES, PAGE, rendered


def test_every_difference_names_a_test_that_shows_it() -> None:
    for difference in DIFFERENCES:
        module, _, function = difference.test.partition(".")
        assert hasattr(import_module(f"tests.rekognition.{module}"), function), difference.test


def test_the_reference_page_is_in_step() -> None:
    page = PAGE.read_text()

    assert page == rendered(page), "run: python -m tests.rekognition.differences"
