"""Progress in a terminal, for commands that move bytes."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm


class TransferBar:
    """A progress bar that appears with the first byte that has to be fetched."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._bar: tqdm[Any] | None = None

    def __enter__(self) -> TransferBar:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, name: str, done: int, total: int) -> None:
        if self._bar is None:
            # Into a log, a line every few seconds is enough.
            interval = 0.1 if sys.stderr.isatty() else 5.0
            self._bar = tqdm(desc=f"  {self._title}", unit="B", unit_scale=True, mininterval=interval)
        self._bar.total = total
        self._bar.set_postfix_str(name, refresh=False)
        self._bar.update(done - self._bar.n)
