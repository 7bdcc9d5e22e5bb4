"""Run a user's script on a window's table, and hold its numbers against thresholds.

A script has one function, `measure(table)`. `table` maps the names of columns to numpy arrays, numbers as float64 (NaN
where a cell is empty) and everything else as texts (None where it is). It returns numbers by name, or a pair of that
and of reasons by the same names, which people are told.
"""

import math
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.monitors.data_quality import Violation
from drift_tools.tables import Table

CHECK: Final = "custom_check"
_FUNCTION: Final = "measure"
_MOST_NUMBERS: Final = 50
_REASON_CHARACTERS: Final = 200


class CustomFailedError(InputError):
    """A script that failed; the message is one line, `traceback` is for the log."""

    def __init__(self, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.traceback = trace


@dataclass(frozen=True, slots=True)
class Measured:
    """What a script said of a window: its numbers, its reasons, and which numbers crossed a threshold."""

    numbers: Mapping[str, float]
    reasons: Mapping[str, str]
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class CustomMonitor:
    """One script. `above` and `below`: by the name of a number, the threshold that it violates beyond."""

    name: str
    code: CodeType
    above: Mapping[str, float]
    below: Mapping[str, float]

    def measure(self, table: Table) -> Measured:
        """Run the script. Raises `CustomFailedError` if it fails or returns something else than named numbers."""
        space: dict[str, Any] = {"__name__": f"custom_{self.name}"}
        try:
            exec(self.code, space)  # noqa: S102 - the stack's own script, from where no runtime role may write
            found = space[_FUNCTION](_arrays(table))
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1].lineno
            raise CustomFailedError(
                f"custom monitor {self.name} failed in line {place}: {type(error).__name__}: {error}",
                traceback.format_exc(),
            ) from error
        numbers, reasons = self._checked(found)
        return Measured(numbers, reasons, tuple(self._violations(numbers, reasons)))

    def _checked(self, found: Any) -> tuple[dict[str, float], dict[str, str]]:
        numbers, reasons = found if isinstance(found, tuple) and len(found) == 2 else (found, {})
        if not isinstance(numbers, Mapping) or not isinstance(reasons, Mapping) or len(numbers) > _MOST_NUMBERS:
            raise CustomFailedError(
                f"custom monitor {self.name} returned {type(found).__name__}: return a dictionary of at most "
                f"{_MOST_NUMBERS} numbers, or that and a dictionary of reasons"
            )
        try:
            values = {str(name): float(value) for name, value in numbers.items()}
        except (TypeError, ValueError) as error:
            raise CustomFailedError(f"custom monitor {self.name} returned what is no number: {error}") from error
        missing = sorted({*self.above, *self.below} - values.keys())
        if missing:
            raise CustomFailedError(
                f"custom monitor {self.name} has a threshold for {missing[0]!r} and returned "
                f"{', '.join(values) or 'nothing'}: name one of these, or return it"
            )
        return values, {str(name): str(text)[:_REASON_CHARACTERS] for name, text in reasons.items()}

    def _violations(self, numbers: Mapping[str, float], reasons: Mapping[str, str]) -> list[Violation]:
        found = []
        for word, limits in (("above", self.above), ("below", self.below)):
            for name, limit in limits.items():
                value = numbers[name]
                # A number that does not exist is no number within its bounds.
                crossed = math.isnan(value) or (value > limit if word == "above" else value < limit)
                if crossed:
                    why = f": {reasons[name]}" if reasons.get(name) else ""
                    text = f"Metric {self.name}.{name} with {value} is {word} {limit}{why}"
                    found.append(Violation(f"{self.name}.{name}", CHECK, text, key="metric_name"))
        return found


def parse_monitors(config: Mapping[str, Any]) -> list[CustomMonitor]:
    """The monitors of a job's configuration; raises `InputError` for a script that is no Python."""
    monitors = []
    for name, given in (config.get("monitors") or {}).items():
        try:
            code = compile(given["script"], f"{name}.py", "exec")
        except (SyntaxError, ValueError) as error:
            raise InputError(f"custom monitor {name}: its script is no Python: {error}") from error
        limits = given.get("thresholds") or {}
        monitors.append(
            CustomMonitor(
                name,
                code,
                {number: float(limit["above"]) for number, limit in limits.items() if "above" in limit},
                {number: float(limit["below"]) for number, limit in limits.items() if "below" in limit},
            )
        )
    return monitors


def _arrays(table: Table) -> dict[str, NDArray[Any]]:
    return {
        name: column.as_numbers()[0].copy()
        if column.is_mostly_numerical
        else np.array(column.as_texts().tolist(), dtype=object)
        for name, column in table.columns.items()
    }
