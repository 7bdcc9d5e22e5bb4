"""What is under way: asynchronous invocations and jobs, so that the clock can wait for what it set in motion."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Activity:
    """Numbers what begins; one can wait until everything has ended that began after a mark. Thread-safe."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._count = 0
        self._running: set[int] = set()

    def begin(self) -> int:
        """Something begins; hand its number to `end`."""
        with self._condition:
            self._count += 1
            self._running.add(self._count)
            return self._count

    def end(self, number: int) -> None:
        """It has ended, however it did."""
        with self._condition:
            self._running.discard(number)
            self._condition.notify_all()

    @contextmanager
    def during(self) -> Iterator[None]:
        """Something is under way inside of this."""
        number = self.begin()
        try:
            yield
        finally:
            self.end(number)

    def mark(self) -> int:
        """What begins from now on is after this mark."""
        with self._condition:
            return self._count

    def wait(self, mark: int, limit: float) -> bool:
        """Wait until all that began after `mark`, and what that began, has ended; False after `limit` seconds."""
        deadline = time.monotonic() + limit
        with self._condition:
            while any(number > mark for number in self._running):
                left = deadline - time.monotonic()
                if left <= 0 or not self._condition.wait(left):
                    return not any(number > mark for number in self._running)
            return True
