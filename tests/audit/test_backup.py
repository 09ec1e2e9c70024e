"""A backup restores the log whole and sound, and the witness tells that it is an old one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from governance.audit import roles, sequencer
from governance.audit.errors import WitnessRefuses
from instance import backup
from instance.errors import StartFailed
from tests.audit.own_log import OwnLog, own_log, switch
from tests.plugin import ADMIN_URL


@pytest.fixture
def log(tmp_path: Path, worker_name: str) -> Iterator[OwnLog]:
    with own_log(tmp_path, name=f"custos_backup_{worker_name}") as log:
        yield log


def _url(log: OwnLog) -> str:
    return urlunsplit(urlsplit(os.environ[ADMIN_URL])._replace(path=f"/{log.database}"))


def test_what_is_restored_is_sound_and_known_to_be_old(log: OwnLog, tmp_path: Path) -> None:
    log.use(3)
    size = log.sequence()
    file = tmp_path / "custos.dump"
    backup.dump(_url(log), file)
    assert file.stat().st_mode & 0o077 == 0
    kept = len(log.receipts)
    log.use(2)
    log.sequence()
    assert log.verify(receipts=log.receipts).code == 0

    switch(log.database)
    backup.restore(_url(log), file)

    restored = log.verify(witnessed="", receipts=log.receipts[:kept])
    assert (restored.code, restored.entries) == (0, size), restored.findings
    told = log.verify()
    assert (told.code, [f.kind for f in told.findings]) == (2, ["truncated"])
    missed = log.verify(witnessed="", receipts=log.receipts)
    assert [f.kind for f in missed.findings] == ["removed", "removed"]
    log.use(1)
    with (
        roles.connect("custos_sequencer", autocommit=True) as connection,
        pytest.raises(WitnessRefuses, match="an old backup was restored"),
    ):
        sequencer.drain(connection)
        sequencer.cosign_newest(connection, url=log.witness_url)


def test_a_file_that_is_no_backup_changes_nothing(log: OwnLog, tmp_path: Path) -> None:
    log.use(1)
    log.sequence()
    (tmp_path / "nonsense").write_bytes(b"nonsense")

    with pytest.raises(StartFailed, match="pg_restore failed"):
        backup.restore(_url(log), tmp_path / "nonsense")
    with pytest.raises(StartFailed, match="no backup"):
        backup.restore(_url(log), tmp_path / "absent")
    with pytest.raises(StartFailed, match="pg_dump failed"):
        backup.dump(_url(log).replace(log.database, "absent"), tmp_path / "absent")

    assert log.verify().code == 0
    assert not list(tmp_path.glob("*absent*"))
