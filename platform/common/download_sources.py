"""Where a file can be had: declared as data, with the command that each registry's own client is run with."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonPackage:
    """An archive of the Python package index, fetched with `pip download`.

    Attributes:
        target: (python version, platform tag) of a wheel that is not for every machine, so that each machine gets the
            one whose digest is declared; None for pure wheels and source archives.
    """

    name: str
    version: str
    sha256: str
    size: int
    kind: Literal["wheel", "sdist"] = "wheel"
    target: tuple[str, str] | None = None

    def command(self, folder: Path) -> list[str]:
        """Return the command that leaves the archive in the folder, and write what it needs there."""
        requirements = folder / "requirements.txt"
        requirements.write_text(f"{self.name}=={self.version} --hash=sha256:{self.sha256}\n")
        options = ["--only-binary" if self.kind == "wheel" else "--no-binary", ":all:"]
        if self.target:
            python, platform = self.target
            options += ["--python-version", python, "--implementation", "cp", "--platform", platform]
        return [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"),
            *("--no-cache-dir", "--no-deps", "--require-hashes", *options),
            *("--dest", str(folder / "archive"), "--requirement", str(requirements)),
        ]

    def __str__(self) -> str:
        return f"Python package {self.name}=={self.version} ({self.kind})"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePackage:
    """An archive of the npm registry, fetched with `npm pack`; its scripts never run."""

    name: str
    version: str
    sha256: str
    size: int

    def command(self, folder: Path) -> list[str]:
        """Return the command that leaves the archive in the folder."""
        return [
            *("npm", "pack", f"{self.name}@{self.version}", "--ignore-scripts", "--silent"),
            # Left alone, npm waits for more than a minute before it says that there is no network.
            *("--fetch-retry-mintimeout", "500", "--fetch-retry-maxtimeout", "2000"),
            *("--cache", str(folder / "cache"), "--pack-destination", str(folder / "archive")),
        ]

    def __str__(self) -> str:
        return f"npm package {self.name}@{self.version}"


Archive = PythonPackage | NodePackage


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside a package's archive; `path` as the archive spells it."""

    archive: Archive
    path: str

    def __str__(self) -> str:
        return f"{self.path} of the {self.archive}"


@dataclass(frozen=True, slots=True)
class Url:
    """The file itself at its publisher; https only. Skipped when it does not answer within five seconds."""

    address: str

    def __str__(self) -> str:
        return self.address


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file declared by content: what it is called in messages, its digest and size, and where to get it."""

    name: str
    sha256: str
    size: int
    sources: tuple[Member | Url, ...]
