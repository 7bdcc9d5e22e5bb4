"""A user's own scripts around the analysis, as Model Monitor's container runs them.

Contract: SageMaker developer guide, "Preprocessing and Postprocessing": `preprocess_handler(inference_record)` or
`preprocess_handler(inference_record, logger)` gives a flat dictionary, a list of them, or an empty list to drop the
record; `postprocess_handler()` runs once after the analysis. The classes have the attributes and methods of those that
the guide prints, so that a script written for Model Monitor runs here unchanged.
"""

import importlib.util
import inspect
import logging
import math
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from numbers import Real
from pathlib import Path
from types import ModuleType
from typing import Any

from drift_tools.capture import Preprocessor
from drift_tools.errors import InputError, UnusableError

_LOGGER = logging.getLogger("drift_tools.job.inputs.user_scripts")
# Of the text of an exception, in a message that has a kilobyte.
_TEXT_CHARACTERS = 200
_MOST_BITS = 1024  # of an integer that a float may hold


@dataclass(slots=True)
class Payload:
    """One captured side, with the attribute names that scripts know; a script may change them."""

    data: str | None
    encoding: str | None
    observedContentType: str | None  # noqa: N815 - the name in AWS's own record class
    mode: str | None

    @classmethod
    def of(cls, side: Any) -> "Payload | None":
        """Read it from the record's JSON; None if this side was not captured."""
        if not isinstance(side, dict):
            return None
        return cls(side.get("data"), side.get("encoding"), side.get("observedContentType"), side.get("mode"))

    def as_dict(self) -> dict[str, Any]:
        """The side's JSON object, with whatever the script has changed."""
        found = {
            "observedContentType": self.observedContentType,
            "mode": self.mode,
            "data": self.data,
            "encoding": self.encoding,
        }
        return {name: value for name, value in found.items() if value is not None}


@dataclass(slots=True)
class EventMetadata:
    """When and what the request was. `inference_id` is what the caller gave, which AWS's class leaves out."""

    event_id: str | None
    event_time: str | None
    custom_attribute: Any
    inference_id: str | None


class InferenceRecord:
    """One captured record, with the attribute names that scripts know."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.event_dict = record
        data = _object(record.get("captureData"))
        metadata = _object(record.get("eventMetadata"))
        self.endpoint_input = Payload.of(data.get("endpointInput"))
        self.endpoint_output = Payload.of(data.get("endpointOutput"))
        self.batch_transform_output = Payload.of(data.get("batchTransformOutput"))
        self.ground_truth = Payload.of(record.get("groundTruthData"))
        self.event_version = record.get("eventVersion")
        self.event_metadata = EventMetadata(
            metadata.get("eventId"),
            metadata.get("inferenceTime"),
            metadata.get("customAttributes"),
            metadata.get("inferenceId"),
        )

    def as_dict(self) -> dict[str, Any]:
        """The record as it was captured, with whatever the script has changed in its sides."""
        data = dict(_object(self.event_dict.get("captureData")))
        sides = {
            "endpointInput": self.endpoint_input,
            "endpointOutput": self.endpoint_output,
            "batchTransformOutput": self.batch_transform_output,
        }
        data |= {name: {**_object(data.get(name)), **side.as_dict()} for name, side in sides.items() if side}
        record = {**self.event_dict, "captureData": data} if data else dict(self.event_dict)
        if self.ground_truth is not None:
            record["groundTruthData"] = {**_object(record.get("groundTruthData")), **self.ground_truth.as_dict()}
        return record

    def __str__(self) -> str:
        return str(self.as_dict())


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def load_preprocessor(path: Path) -> Preprocessor:
    """Load the script's `preprocess_handler` as a function from a record to its rows.

    Columns come in the order of their names; names that are all digits are positions and come in the order of the
    numbers. Values become what JSON has: a missing one (None, NaN, pandas' NA and NaT) None, a numpy scalar the Python
    value that it holds, a time its ISO text.

    Raises `InputError` if there is no such script or function; the function raises it for a result that is neither a
    dictionary nor a list of them, and `UnusableError`, with the line of the script, for a record on which the script
    fails or that it makes values of that no cell holds.
    """
    handler = _handler(path, "preprocess_handler")
    with_logger = _takes_logger(handler)
    failures = _Failures(path)

    def preprocess(record: dict[str, Any]) -> list[dict[str, Any]]:
        inference = InferenceRecord(record)
        try:
            result = handler(inference, _LOGGER) if with_logger else handler(inference)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a user's code: a record on which it fails is one to skip
            raise UnusableError(failures.reason(error)) from error
        rows = result if isinstance(result, list) else [result]
        if not all(isinstance(row, Mapping) for row in rows):
            raise InputError(
                f"{path}: preprocess_handler gave {type(result).__name__}: give a flat dictionary or a list of them"
            )
        return _in_order([{str(name): _plain(name, value) for name, value in row.items()} for row in rows])

    return preprocess


def _takes_logger(handler: Callable[..., Any]) -> bool:
    try:
        return len(inspect.signature(handler).parameters) > 1
    except (ValueError, TypeError):  # of what is written in C nobody can say
        return False


class _Failures:
    """What a script raised, in words that are the same for all records on which it fails in the same place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reasons: dict[tuple[str, int | None], str] = {}

    def reason(self, error: BaseException) -> str:
        # By the name of its class: a script may make one anew for each record.
        kind, line = type(error).__name__, _line_in(self._path, error)
        if (kind, line) not in self._reasons:
            self._reasons[kind, line] = f"the record preprocessor raised {_described(self._path, error)}"
            _LOGGER.error(
                "%s raised on a captured record; it is said once for each line:\n%s",
                self._path,
                "".join(traceback.format_exception(error)).rstrip(),
            )
        return self._reasons[kind, line]


def _line_in(path: Path, error: BaseException) -> int | None:
    """The script's own line that led to the exception: the last of the traceback that is in it."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return lines[-1] if lines else None


def _described(path: Path, error: BaseException) -> str:
    """`KeyError: 'amount' (script.py, line 4)`."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # of a class of the script's own
        text = "(no text)"
    if len(text) > _TEXT_CHARACTERS:
        text = text[:_TEXT_CHARACTERS] + "…"
    line = error.lineno if isinstance(error, SyntaxError) else _line_in(path, error)
    place = path.name if line is None else f"{path.name}, line {line}"
    return f"{type(error).__name__}{': ' * bool(text)}{text} ({place})"


def _in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = {name for row in rows for name in row}
    is_numbered = all(name.isdecimal() for name in names)
    order = sorted(names, key=lambda name: (int(name) if is_numbered else 0, name))
    # A column that another row of the same record has is missing here, and not the next one's place.
    return [{name: row.get(name) for name in order} for row in rows]


def _plain(name: object, value: Any) -> Any:
    """The value as JSON has it; a list, which becomes columns, may hold no others."""
    if isinstance(value, list | tuple):
        return [_scalar(name, item) for item in value]
    if hasattr(value, "tolist") and getattr(value, "shape", ()) != ():  # an array
        return [_scalar(name, item) for item in value.tolist()]
    return _scalar(name, value)


def _scalar(name: object, value: Any) -> str | bool | int | float | None:
    if hasattr(value, "item") and hasattr(value, "dtype"):  # a scalar of numpy
        value = value.item()
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > _MOST_BITS:
        value = math.inf if value > 0 else -math.inf  # no float holds it, and no JSON its text
    if value is None or isinstance(value, str | bool | int):
        return value
    if type(value).__name__ in ("NAType", "NaTType"):  # pandas' own words for missing
        return None
    if isinstance(value, Decimal) and value.is_nan():  # a signalling one has no float
        return None
    if isinstance(value, Decimal | Real):
        try:
            number = float(value)
        except OverflowError:  # of a fraction
            number = -math.inf if str(value).startswith("-") else math.inf
        return None if math.isnan(number) else number
    if isinstance(value, date):
        return value.isoformat()
    raise UnusableError(
        f"the record preprocessor gave {name} as {type(value).__name__}: give text, a number, a boolean, None, or a "
        "flat list of them"
    )


def load_postprocessor(path: Path) -> Callable[[], object]:
    """Load the script's `postprocess_handler`; the function raises `InputError`, with the line, if the script does."""
    handler = _handler(path, "postprocess_handler")

    def postprocess() -> object:
        try:
            return handler()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a user's code, at the boundary to it
            _LOGGER.exception("%s raised", path)
            raise InputError(f"{path}: postprocess_handler raised {_described(path, error)}: fix the script") from error

    return postprocess


def _handler(path: Path, name: str) -> Callable[..., Any]:
    module = _load(path)
    handler = getattr(module, name, None)
    if not callable(handler):
        raise InputError(f"{path}: has no function {name}: define it")
    return handler  # type: ignore[no-any-return] # what a user's script defines has no type


def _load(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(f"drift_tools_script_{path.stem}", path)
    if specification is None or specification.loader is None or not path.is_file():
        raise InputError(f"{path}: no such Python script")
    module = importlib.util.module_from_spec(specification)
    try:
        specification.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a user's code, at the boundary to it
        _LOGGER.exception("%s could not be loaded", path)
        raise InputError(f"{path}: could not be loaded, {_described(path, error)}: fix the script") from error
    return module
