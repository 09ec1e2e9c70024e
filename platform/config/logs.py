"""How a line of the log is written: without what PostgreSQL says about the values in a row."""

from __future__ import annotations

import logging
import re

# `DETAIL: Key (username)=(…) already exists.`, `DETAIL: Failing row contains (…)`: as the last lines of an exception's
# text, whatever they hold, and inside a `repr`, up to the end of its line.
_DETAIL = re.compile(
    r"^(?:DETAIL|CONTEXT|QUERY):.*?(?=^\n?(?:The above exception was|During handling of|Traceback \()|\Z)"
    r"|\\n(?:DETAIL|CONTEXT|QUERY):[^\n]*",
    re.DOTALL | re.MULTILINE,
)
WITHHELD = "(detail withheld)"


class WithoutRows(logging.Formatter):
    """A formatter that withholds the details of database errors, which quote names, keys and embeddings."""

    def format(self, record: logging.LogRecord) -> str:
        return _DETAIL.sub(f"{WITHHELD}\n", super().format(record)).rstrip("\n")
