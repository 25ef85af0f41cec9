"""What went wrong, told once a cause: who repeats a mistake must neither fill the log nor the memory."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

CAUSES = 1000
"""Causes that are kept apart; later ones are counted together."""


class Faults:
    """Counts faults by cause: where they showed, the kind of error, and the line of code that raised it.

    Attributes:
        counts: times that each cause has shown.
    """

    def __init__(self, log: logging.Logger) -> None:
        self.counts: dict[tuple[str, str, str], int] = {}
        self._log = log

    def tell(self, where: str, error: BaseException, *, bug: bool = False) -> None:
        """Log a fault the first time its cause shows; a ``bug`` of ours comes with its traceback."""
        last = traceback.extract_tb(error.__traceback__)[-1:]
        line = f"{last[0].filename}:{last[0].lineno}" if last else ""
        cause = where, type(error).__name__, line
        if cause not in self.counts and len(self.counts) >= CAUSES:
            cause = "elsewhere", "", ""
        self.counts[cause] = self.counts.get(cause, 0) + 1
        if self.counts[cause] == 1:
            text = str(error)[:500] or type(error).__name__
            self._log.log(
                logging.ERROR if bug else logging.WARNING,
                "%s: %s (told once)",
                where,
                text,
                exc_info=error if bug else None,
            )

    @contextmanager
    def outlived(self, where: str) -> Iterator[None]:
        """Log an exception within as a bug, and go on behind it."""
        try:
            yield
        except Exception as error:
            self.tell(where, error, bug=True)

    def sum_up(self) -> None:
        """Log how often the causes that were told once have shown."""
        for (where, kind, _), count in self.counts.items():
            if count > 1:
                self._log.info("%s: %s, %d times in all", where, kind, count)
