"""Sealing: what was sealed opens with the same key and context, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from common.keys import PlatformKeyMissing
from common.sealing import SealBroken, seal, unseal


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_it_gives_back_what_was_sealed(secret: bytes, context: bytes) -> None:
    assert unseal(seal(secret, context), context) == secret


@given(st.binary(min_size=1, max_size=60), st.data())
def test_any_changed_bit_breaks_the_seal(secret: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(secret, b"context"))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(SealBroken):
        unseal(bytes(sealed), b"context")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(27)])
def test_what_is_too_short_is_no_seal(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        unseal(sealed, b"context")


def test_it_does_not_open_in_another_context() -> None:
    with pytest.raises(SealBroken):
        unseal(seal(b"secret", b"one row"), b"another row")


def test_the_secret_does_not_show() -> None:
    sealed = seal(b"a secret of some length", b"context")

    assert b"secret" not in sealed
    assert sealed != seal(b"a secret of some length", b"context")


def test_it_does_not_open_under_another_platform_key(tmp_path: Path, settings: Settings) -> None:
    sealed = seal(b"secret", b"context")
    (tmp_path / "platform.key").write_bytes(bytes(range(32)))

    settings.CUSTOS_KEYS_DIR = tmp_path

    with pytest.raises(SealBroken):
        unseal(sealed, b"context")


def test_without_a_platform_key_nothing_is_sealed(tmp_path: Path, settings: Settings) -> None:
    settings.CUSTOS_KEYS_DIR = tmp_path

    with pytest.raises(PlatformKeyMissing):
        seal(b"secret", b"context")
