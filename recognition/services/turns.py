"""Turns at the processor: how many pictures are decoded and looked at in this process at once.

More threads than cores make every one of them slower and each holds a decoded picture (up to 120 MB), so those beyond
wait for their turn, and who would wait too long is told to come back. Never taken inside a transaction: what waits
under the fence would stall an activation.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.conf import settings

from recognition.engines.onnx.session import available_cores
from recognition.errors import EngineBusy

_RETRY_AFTER_SECONDS = 1


@dataclass(slots=True)
class Turns:
    """So many at once; the next in line waits for at most `wait_seconds`."""

    most: int
    wait_seconds: float
    _free: threading.BoundedSemaphore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._free = threading.BoundedSemaphore(self.most)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a turn, and keep it for the block.

        Raises:
            EngineBusy: none became free in time.
        """
        if not self._free.acquire(timeout=self.wait_seconds):
            raise EngineBusy(retry_after=_RETRY_AFTER_SECONDS)
        try:
            yield
        finally:
            self._free.release()


# A worker process has one thread, and so never waits.
_turns = Turns(settings.CUSTOS_ENGINE_TURNS or available_cores(), settings.CUSTOS_ENGINE_WAIT_SECONDS)


@contextmanager
def turn() -> Iterator[None]:
    """Wait for one of this process's turns at decoding and inference, and keep it for the block.

    Raises:
        EngineBusy: none became free within `CUSTOS_ENGINE_WAIT_SECONDS`.
    """
    with _turns.taken():
        yield
