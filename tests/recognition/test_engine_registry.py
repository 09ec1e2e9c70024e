"""Engines are made on first use, once in a process however many threads ask, and never cross a fork."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from common.permits import Permit
from recognition.engines import registry
from recognition.engines.errors import EngineInWrongProcess, EngineUnknown
from recognition.engines.fake import FakeEngine, face_picture
from recognition.engines.registry import EngineSettings
from recognition.images import decode


@pytest.fixture(autouse=True)
def own_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty registry, so that engines of other tests stay what they are."""
    monkeypatch.setattr(registry, "_shelf", registry._Shelf())


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[EngineSettings]:
    """What engines of the kind `slow`, which takes a while to load, were made with."""
    settings: list[EngineSettings] = []

    def make(given: EngineSettings) -> FakeEngine:
        settings.append(given)
        time.sleep(0.1)
        return FakeEngine()

    monkeypatch.setitem(registry._FACTORIES, "slow", make)
    return settings


def test_an_engine_is_made_on_first_use_and_kept(made: list[EngineSettings]) -> None:
    assert made == []

    assert registry.get("slow") is registry.get("slow")

    assert len(made) == 1


def test_threads_that_ask_at_once_get_one_engine(made: list[EngineSettings]) -> None:
    together = threading.Barrier(8)

    def get(_: int) -> int:
        together.wait(60)
        return id(registry.get("slow"))

    with ThreadPoolExecutor(8) as pool:
        engines = set(pool.map(get, range(8)))

    assert len(engines) == len(made) == 1


def test_an_engine_that_fails_to_load_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[int] = []

    def make(_: EngineSettings) -> FakeEngine:
        attempts.append(1)
        if len(attempts) == 1:
            raise OSError("no weights yet")
        return FakeEngine()

    monkeypatch.setitem(registry._FACTORIES, "late", make)

    with pytest.raises(OSError, match="no weights"):
        registry.get("late")
    assert isinstance(registry.get("late"), FakeEngine)


def test_other_settings_make_another_engine(made: list[EngineSettings]) -> None:
    first = registry.get("slow")
    registry.configure(models_dir=Path("elsewhere"), threads=2)
    second = registry.get("slow")
    registry.configure(models_dir=Path("elsewhere"), threads=2)

    assert second is not first
    assert registry.get("slow") is second
    assert made == [EngineSettings(), EngineSettings(models_dir=Path("elsewhere"), threads=2)]


def test_an_unknown_engine_is_refused_with_those_there_are() -> None:
    with pytest.raises(EngineUnknown, match="fake"):
        registry.get("quantum")

    assert {"onnx", "fake"} <= set(registry.names())


def _in_a_child(work: Callable[[], bool]) -> bool:
    """Fork, do the work in the child, and return whether it said yes."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if work() else 1)
        except BaseException:  # whatever happens, the child must not go on with the tests
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture
def forks_are_fine() -> Iterator[None]:
    """The child only looks at the registry and leaves by `os._exit`."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


@pytest.mark.usefixtures("forks_are_fine")
def test_a_forked_process_makes_its_own_engine(made: list[EngineSettings]) -> None:
    parents = registry.get("slow")

    assert _in_a_child(lambda: registry.get("slow") is not parents and registry.get("slow") is registry.get("slow"))
    assert registry.get("slow") is parents
    assert len(made) == 1


@pytest.mark.usefixtures("forks_are_fine")
def test_a_fork_while_an_engine_loads_does_not_leave_the_child_waiting(made: list[EngineSettings]) -> None:
    """The lock is copied as held, by a thread that the child does not have."""
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(registry.get, "slow")
        while not made:
            time.sleep(0.001)
        assert _in_a_child(lambda: isinstance(registry.get("slow"), FakeEngine))
        loading.result(timeout=60)


@pytest.mark.usefixtures("forks_are_fine")
def test_the_parents_engine_is_kept_unused_in_the_child() -> None:
    """Its destructor would wait for threads that the child does not have."""
    parents = registry.get("fake")

    assert _in_a_child(lambda: registry._shelf.inherited == [parents] and registry._shelf.engines == {})


@pytest.mark.usefixtures("forks_are_fine")
def test_an_engine_refuses_to_work_in_another_process(permit: Permit) -> None:
    engine = registry.get("fake")
    image = decode(face_picture(1))
    (face,) = engine.detect(image, permit=permit)

    def is_refused() -> bool:
        for work in (
            lambda: engine.detect(image, permit=permit),
            lambda: engine.extract(image, [face], permit=permit),
        ):
            try:
                work()
            except EngineInWrongProcess:
                continue
            return False
        return True

    assert _in_a_child(is_refused)


def test_an_engine_asks_for_a_permit() -> None:
    engine = registry.get("fake")
    image = decode(face_picture(1))

    with pytest.raises(TypeError):
        engine.detect(image, permit=True)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        engine.extract(image, [], permit=None)  # type: ignore[arg-type]


def test_an_identity_of_the_frames_colour_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="frame"):
        face_picture(0xFF00FF)
