"""A progress bar appears with the first byte, tells of what is fetched, and leaves the terminal as it was."""

from __future__ import annotations

import pytest

from common.progress import TransferBar


def test_nothing_is_said_when_nothing_is_fetched(capsys: pytest.CaptureFixture[str]) -> None:
    with TransferBar("model"):
        pass

    assert capsys.readouterr() == ("", "")


def test_it_tells_what_is_fetched_and_how_much(capsys: pytest.CaptureFixture[str]) -> None:
    with TransferBar("model") as bar:
        for done in (0, 500, 1_000):
            bar.show("npm package models@1", done, 1_000)

    out, err = capsys.readouterr()
    assert out == ""
    assert "model" in err
    assert "npm package models@1" in err
    assert "1.00k/1.00k" in err
    assert err.endswith("\n")


def test_it_is_closed_when_the_transfer_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), TransferBar("model") as bar:
        bar.show("a file", 1, 1_000)
        raise ZeroDivisionError

    assert capsys.readouterr().err.endswith("\n")
