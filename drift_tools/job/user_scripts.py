"""A user's own scripts around the analysis, as Model Monitor's container runs them.

Contract: SageMaker developer guide, "Preprocessing and Postprocessing": `preprocess_handler(inference_record)` or
`preprocess_handler(inference_record, logger)` gives a flat dictionary, a list of them, or an empty list to drop the
record; `postprocess_handler()` runs once after the analysis.
"""

import importlib.util
import inspect
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from drift_tools.capture import Preprocessor
from drift_tools.errors import InputError

_LOGGER = logging.getLogger("drift_tools.job.user_scripts")


@dataclass(frozen=True, slots=True)
class Payload:
    """One captured side, with the attribute names that scripts know."""

    data: str | None
    encoding: str | None
    observedContentType: str | None  # noqa: N815 - the name in AWS's own record class
    mode: str | None

    @classmethod
    def of(cls, side: Any) -> "Payload | None":
        """From the record's JSON; None if this side was not captured."""
        if not isinstance(side, dict):
            return None
        return cls(side.get("data"), side.get("encoding"), side.get("observedContentType"), side.get("mode"))


@dataclass(frozen=True, slots=True)
class EventMetadata:
    """When and what the request was."""

    event_id: str | None
    event_time: str | None
    custom_attribute: Any


class InferenceRecord:
    """One captured record, with the attribute names that scripts know."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.event_dict = record
        data = record.get("captureData") or {}
        metadata = record.get("eventMetadata") or {}
        self.endpoint_input = Payload.of(data.get("endpointInput"))
        self.endpoint_output = Payload.of(data.get("endpointOutput"))
        self.batch_transform_output = Payload.of(data.get("batchTransformOutput"))
        self.ground_truth = Payload.of(record.get("groundTruthData"))
        self.event_version = record.get("eventVersion")
        self.event_metadata = EventMetadata(
            metadata.get("eventId"), metadata.get("inferenceTime"), metadata.get("customAttributes")
        )

    def as_dict(self) -> dict[str, Any]:
        """The record as it was captured."""
        return self.event_dict


def load_preprocessor(path: Path) -> Preprocessor:
    """The script's `preprocess_handler`, as a function from a record to its rows; columns come in the order of their
    names.
    """
    handler = _handler(path, "preprocess_handler")
    with_logger = len(inspect.signature(handler).parameters) > 1

    def preprocess(record: dict[str, Any]) -> list[dict[str, Any]]:
        inference = InferenceRecord(record)
        result = handler(inference, _LOGGER) if with_logger else handler(inference)
        rows = result if isinstance(result, list) else [result]
        if not all(isinstance(row, dict) for row in rows):
            raise InputError(
                f"{path}: preprocess_handler gave {type(result).__name__}: give a flat dictionary or a list of them"
            )
        # numpy scalars and the like become what JSON has, or fail here, where the script can be named.
        return [dict(sorted(json.loads(json.dumps(row, default=float)).items())) for row in rows]

    return preprocess


def load_postprocessor(path: Path) -> Callable[[], object]:
    """The script's `postprocess_handler`."""
    return _handler(path, "postprocess_handler")


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
    specification.loader.exec_module(module)
    return module
