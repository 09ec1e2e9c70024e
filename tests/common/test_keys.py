"""Keys derived from the platform key: one for each tenant and use, and none without it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from common.ids import new_id
from common.keys import KEY_BYTES, PlatformKeyMissing, platform_key, tenant_key


def test_tenants_and_uses_have_keys_of_their_own() -> None:
    one, two = new_id(), new_id()

    keys = {tenant_key(one, use="case-ref"), tenant_key(two, use="case-ref"), tenant_key(one, use="probe")}

    assert len(keys) == 3
    assert {len(key) for key in keys} == {KEY_BYTES}
    assert tenant_key(one, use="case-ref") in keys
    assert platform_key() not in keys


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_key_of_another_length_is_refused(tmp_path: Path, settings: Settings, content: bytes) -> None:
    (tmp_path / "platform.key").write_bytes(content)
    settings.CUSTOS_KEYS_DIR = tmp_path

    with pytest.raises(PlatformKeyMissing, match="must hold 32 bytes"):
        tenant_key(new_id(), use="case-ref")


def test_a_missing_key_is_named_without_its_folder(tmp_path: Path, settings: Settings) -> None:
    settings.CUSTOS_KEYS_DIR = tmp_path

    with pytest.raises(PlatformKeyMissing) as error:
        platform_key()

    assert "platform.key" in error.value.detail
    assert str(tmp_path) not in error.value.detail
