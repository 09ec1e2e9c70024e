"""The files of others that the pages are made with: declared by digest, kept here, refreshed by `make vendor`.

htmx is not among them: django-htmx ships it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from common.downloads import Member, NodePackage, Progress, RemoteFile, fetch

FOLDER: Final = Path(__file__).resolve().parent / "static" / "dashboard" / "vendor"
CHECKSUMS: Final = "SHA256SUMS"

_PICO: Final = NodePackage(
    name="@picocss/pico",
    version="2.1.1",
    sha256="4affbb56f49df6d5325610b06762156f1dcdbc6ef57cea5c136d7e8a00a8cd24",
    size=2694953,
)


@dataclass(frozen=True, slots=True)
class VendoredFile:
    """A file, and where it lies below `FOLDER`."""

    path: str
    file: RemoteFile


def _of_pico(name: str, *, member: str, sha256: str, size: int) -> VendoredFile:
    source = Member(_PICO, f"package/{member}")
    return VendoredFile(
        f"pico-{_PICO.version}/{name}", RemoteFile(name=name, sha256=sha256, size=size, sources=(source,))
    )


FILES: Final = (
    _of_pico(
        "pico.min.css",
        member="css/pico.min.css",
        sha256="fbc9a63fc9fc9f72d12fd7fc9806e11fa9f77ae4f9cad146b27003a1119ba3db",
        size=83319,
    ),
    _of_pico(
        "LICENSE",
        member="LICENSE.md",
        sha256="afaff063e044233f917b7807dccab022f09dca474f92b642846bee4850655bbf",
        size=1066,
    ),
)


def refresh(*, folder: Path = FOLDER, cache_dir: Path, progress: Progress | None = None) -> list[Path]:
    """Put every declared file in its place, with a checksum list in each folder; return the files written.

    Raises:
        DownloadFailed: a file could not be had; the detail says what to do.
    """
    written = []
    for vendored in FILES:
        target = folder / vendored.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(fetch(vendored.file, cache_dir=cache_dir, progress=progress).read_bytes())
        written.append(target)
    for parent in dict.fromkeys(path.parent for path in written):
        listed = parent / CHECKSUMS
        listed.write_text(checksums_of(parent))
        written.append(listed)
    return written


def checksums_of(folder: Path) -> str:
    """Return the folder's files in the format of `sha256sum`, which can check it."""
    files = sorted(path for path in folder.iterdir() if path.name != CHECKSUMS)
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)
