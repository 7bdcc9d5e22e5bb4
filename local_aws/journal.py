"""What is written down since the start for tests to ask for.

A server may run for long, and whoever calls it chooses what is written: of each kind the first entries are kept, and
how many came after them. Whoever asks is told of those in a last entry (`local_aws/launcher.py`), so that no list is
empty because something was dropped.
"""

import json
import logging
import threading
from collections import Counter
from typing import Any, Generic, TypeVar

from local_aws import validation

# What reads, and what carries data instead of changing a resource.
_READS = ("Get", "List", "Describe", "Head", "Search", "Filter", "Simulate")
_DATA_SERVICES = ("s3", "sqs", "logs", "sts")
_DATA_OPERATIONS = ("PutMetricData", "PutEvents", "Publish", "Invoke")
MOST_ENTRIES = 10_000  # of each kind
LONGEST_TEXT = 2_048  # characters of a line or a value: an ARN has no more
LONGEST_CHANGE = 8_192  # characters of a change's parameters, as JSON
_DROPPED = "(longer ones, dropped)"

Entry = TypeVar("Entry")


class Kept(Generic[Entry]):
    """The first entries of a kind, and how many were dropped after them."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._dropped = 0
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        """Keep an entry, or count it."""
        with self._lock:
            if len(self._entries) < MOST_ENTRIES:
                self._entries.append(entry)
            else:
                self._dropped += 1

    def told(self) -> tuple[list[Entry], int]:
        """The entries, and how many were dropped."""
        with self._lock:
            return self._entries.copy(), self._dropped


class Uses:
    """How often roles were allowed what: calls that are like one that is kept are counted without end."""

    def __init__(self) -> None:
        self._calls: Counter[tuple[str, str, str]] = Counter()
        self._dropped = 0
        self._lock = threading.Lock()

    def add(self, role: str, action: str, resource: str) -> None:
        """Count a call."""
        use = (_cut(role), _cut(action), _cut(resource))
        with self._lock:
            if use in self._calls or len(self._calls) < MOST_ENTRIES:
                self._calls[use] += 1
            else:
                self._dropped += 1

    def told(self) -> tuple[list[dict[str, Any]], int]:
        """What was allowed with its number of calls, and how many other calls were dropped."""
        with self._lock:
            found, dropped = sorted(self._calls.items()), self._dropped
        names = ("role", "action", "resource")
        return [dict(zip(names, use, strict=True)) | {"calls": calls} for use, calls in found], dropped


class Journal:
    """What is written down for tests to ask for."""

    def __init__(self) -> None:
        self.denied_calls = Kept[dict[str, str]]()
        self.failures = Kept[str]()
        self.used_actions = Uses()
        self.invalid_requests = Kept[str]()
        self.changes = Kept[dict[str, Any]]()
        self.observed: Counter[str] = Counter()  # not more than the models have operations
        self.unread_requests = Kept[str]()

    def denied(self, principal: str, action: str, resource: str) -> None:
        """Write down that IAM refused a call."""
        self.denied_calls.add({"principal": _cut(principal), "action": _cut(action), "resource": _cut(resource)})

    def failed(self, what: str) -> None:
        """Write down, in one line, what failed or was lost, and what a retry may hide."""
        self.failures.add(_line(what))

    def used(self, principal: str, action: str, resource: str) -> None:
        """Write down that a role's policies allowed a call."""
        role = principal.split(":")[5].split("/")[1]  # arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION
        self.used_actions.add(role, action, resource)

    def observe(self, service: str, operation: str, parameters: dict[str, Any]) -> None:
        """Write down what the service's model refuses in a request, and that it was looked at."""
        if service not in _DATA_SERVICES and not operation.startswith(_READS) and operation not in _DATA_OPERATIONS:
            called = _cut(f"{service}.{operation}")
            self.changes.add({"operation": called, "parameters": _fitting(_brief(parameters))})
        model = validation.service_model(service)
        if operation not in model.operation_names:
            self.invalid_requests.add(_line(f"{service}: there is no operation {operation!r}"))
            return
        self.observed[f"{service}.{operation}"] += 1
        shape = model.operation_model(operation).input_shape
        for problem in validation.problems(shape, parameters) if shape else []:
            self.invalid_requests.add(_line(f"{service}.{operation}: {problem}"))

    def unread(self, service: str, method: str, path: str) -> None:
        """Write down a request that no model could be held against."""
        self.unread_requests.add(_line(f"{service}: {method} {path}"))


class Warnings(logging.Handler):
    """Writes all that this process warns of into a journal: whatever fails here and is told to no caller is a warning.

    What is warned of while a journal is written to is not looked for: nothing there does.
    """

    def __init__(self, journal: Journal) -> None:
        super().__init__(logging.WARNING)
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """Write one warning down, with the exception that it is about."""
        error = record.exc_info[1] if record.exc_info else None
        self._journal.failed(f"{record.getMessage()}: {error!r}" if error else record.getMessage())


def _cut(text: str) -> str:
    return text[:LONGEST_TEXT]


def _line(text: str) -> str:
    return _cut(" ".join(text.split()))


def _brief(value: Any) -> Any:
    """Parameters as JSON can have them: without files and long texts."""
    if isinstance(value, dict):
        return {name: _brief(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_brief(item) for item in value]
    if isinstance(value, str):
        return _cut(value)
    return value if value is None or isinstance(value, bool | int | float) else f"<{type(value).__name__}>"


def _fitting(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters of a change that have room: the shortest, which names are among, and how many have none."""
    sizes = {name: len(json.dumps({name: value})) for name, value in parameters.items()}
    if sum(sizes.values()) <= LONGEST_CHANGE:
        return parameters
    used, fitting = 0, dict[str, Any]()
    for name in sorted(sizes, key=sizes.__getitem__):
        used += sizes[name]
        if used > LONGEST_CHANGE:
            break
        fitting[name] = parameters[name]
    return fitting | {_DROPPED: len(parameters) - len(fitting)}
