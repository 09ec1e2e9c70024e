"""`manage.py audit …`: keys, sequencer, verification, exports."""

from __future__ import annotations

import signal
import sys
import threading
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from common.context import tenant_scope
from common.errors import PlatformError
from governance.audit import (
    bundle,
    evidence,
    exporting,
    key_files,
    keyring,
    ledger,
    sequencer,
    verification,
    witnessing,
)
from governance.audit.checking.notes import BadNote, Key

SHOWN_FINDINGS = 50


class Command(BaseCommand):
    help = "Keys of the audit log, its sequencer, its verification, and exports of it."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        keys = actions.add_parser("keys", help="make the first keys, register a witness, print the public keys")
        keys.add_argument("--origin", default="", help="the log's name for ever, when its first key is made")
        keys.add_argument("--witness", default="", metavar="VKEY", help="the public key of a witness")
        rotate = actions.add_parser("rotate", help="let a new key follow the present one")
        rotate.add_argument("use", choices=["checkpoint", "receipt"])
        actions.add_parser("sequence", help="run the sequencer until stopped")
        verify = actions.add_parser("verify", help="verify the stored log: 0 sound, 2 tampered with, 3 incomplete")
        verify.add_argument("--receipts", type=Path, help="a file of Custos-Receipt headers, one a line")
        verify.add_argument("--witness-note", type=Path, help="what the witness last cosigned; left out, it is asked")
        verify.add_argument("--processes", type=int, help="how many read at once")
        export = actions.add_parser("export", help="write the log, or a tenant's part with proofs, as a zip")
        export.add_argument("file", type=Path)
        export.add_argument("--tenant", type=uuid.UUID, help="id of the tenant; left out, the whole log")
        erase = actions.add_parser("erase", help="destroy a subject's key, and so everything sealed under it")
        erase.add_argument("--tenant", type=uuid.UUID, required=True)
        erase.add_argument("--subject", type=uuid.UUID, required=True)
        erase.add_argument("--reason", required=True, help="recorded in the log: no name")
        verifier = actions.add_parser("verifier", help="write the offline verifier as one file")
        verifier.add_argument("file", type=Path)

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        code = getattr(self, f"_{action}")(options)
        if code:
            sys.exit(code)

    def _keys(self, options: dict[str, Any]) -> None:
        keyring.ensure_keys(origin=options["origin"])
        if options["witness"]:
            try:
                keyring.register_witness(Key.parse(options["witness"]))
            except BadNote as error:
                raise CommandError(str(error)) from error
        for registered in keyring.list_keys():
            self.stdout.write(str(registered.key))

    def _rotate(self, options: dict[str, Any]) -> None:
        try:
            self.stdout.write(str(keyring.rotate(options["use"])))
        except (LookupError, PlatformError) as error:
            raise CommandError(str(error)) from error

    def _sequence(self, options: dict[str, Any]) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        sequencer.run(should_stop=stop.is_set)

    def _verify(self, options: dict[str, Any]) -> int:
        with tqdm(desc="audit log", unit="entry", unit_scale=True, disable=None) as bar:

            def say(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            try:
                found = verification.verify_log(
                    witnessed=self._witnessed(options["witness_note"]),
                    receipts=options["receipts"].read_text().split() if options["receipts"] else (),
                    processes=options["processes"],
                    say=say,
                )
            except (OSError, BadNote) as error:
                raise CommandError(str(error)) from error
        for finding in found.findings[:SHOWN_FINDINGS]:
            self.stdout.write(str(finding))
        if len(found.findings) > SHOWN_FINDINGS:
            self.stdout.write(f"… and {len(found.findings) - SHOWN_FINDINGS} more")
        self.stdout.write(
            f"{found.entries} entries in the tree, {found.waiting} waiting; {found.checkpoints} checkpoints,"
            f" {found.cosigned} entries cosigned. {VERDICTS[found.code]}"
        )
        return found.code

    def _witnessed(self, note: Path | None) -> str:
        if note is not None:
            return note.read_text()
        keys = key_files.trusted_keys()
        if not settings.CUSTOS_WITNESS_URL or not keys:
            return ""
        try:
            return witnessing.last_cosigned(settings.CUSTOS_WITNESS_URL, origin=keys[0].name)
        except PlatformError as error:
            raise CommandError(f"{error.detail} Give its note with --witness-note.") from error

    def _export(self, options: dict[str, Any]) -> None:
        with tqdm(desc="audit log", unit="entry", unit_scale=True, disable=None) as bar:
            count = exporting.export_log(options["file"], tenant_id=options["tenant"], say=bar.update)
        self.stdout.write(f"{count} entries in {options['file']}.")

    def _erase(self, options: dict[str, Any]) -> None:
        tenant_id = options["tenant"]
        try:
            with tenant_scope(tenant_id):
                count = evidence.erase_subject(
                    options["subject"], tenant_id=tenant_id, actor=ledger.SYSTEM, reason=options["reason"]
                )
        except PlatformError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"{count} pieces of evidence can be opened by nobody any more.")

    def _verifier(self, options: dict[str, Any]) -> None:
        bundle.write_verifier(options["file"])
        self.stdout.write(f"Wrote {options['file']}: python {options['file']} EXPORT.zip --keys KEYS")


VERDICTS = {0: "Sound.", 2: "TAMPERED WITH.", 3: "Incomplete."}
