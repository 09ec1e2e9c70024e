"""The offline verifier as one file: a Python zip application of `governance.audit.checking`, source as it is here."""

from __future__ import annotations

import shutil
import tempfile
import zipapp
from pathlib import Path

SOURCE = Path(__file__).parent / "checking"
_MAIN = "import sys\n\nfrom checking.exports import main\n\nsys.exit(main())\n"


def write_verifier(file: Path) -> None:
    """Write the verifier; it runs with any Python 3.11 that has `cryptography`: `python FILE EXPORT.zip`."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(SOURCE, Path(folder) / "checking", ignore=shutil.ignore_patterns("__pycache__"))
        (Path(folder) / "__main__.py").write_text(_MAIN)
        zipapp.create_archive(folder, file, interpreter="/usr/bin/env python3")
