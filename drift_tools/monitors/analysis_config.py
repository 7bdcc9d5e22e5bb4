"""analysis_config.json: what SageMaker Clarify's container, or this project's job in its place, is to look at.

Format: Amazon SageMaker developer guide, "Configure a SageMaker Clarify processing job".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drift_tools.errors import InputError
from drift_tools.profiles import read_json


@dataclass(frozen=True, slots=True)
class AnalysisConfig:
    """A parsed file. `document`: all of it; `source`: its name, for messages; `headers`: the names of the columns."""

    document: Mapping[str, Any]
    source: str
    headers: tuple[str, ...]

    @classmethod
    def read(cls, path: Path | None) -> "AnalysisConfig":
        """Read a file.

        Raises
        ------
        InputError
            If there is none, or it has no names of columns.
        """
        if path is None:
            raise InputError("the environment variable analysis_config is not set: name the analysis_config.json")
        document = read_json(path)
        headers = document.get("headers") if isinstance(document, Mapping) else None
        if not isinstance(headers, list) or not headers or not all(isinstance(name, str) for name in headers):
            raise InputError(f"{path}: headers is {headers!r:.60}: give the names of the columns as a list")
        return cls(document, path.name, tuple(headers))

    def text(self, key: str) -> str | None:
        """The name of a column; None where the file does not say."""
        value = self.document.get(key)
        return None if value is None else self.column(value, key)

    def column(self, name_or_index: Any, key: str) -> str:
        """The column that a name or an index among the headers means."""
        if isinstance(name_or_index, int) and not isinstance(name_or_index, bool):
            if 0 <= name_or_index < len(self.headers):
                return self.headers[name_or_index]
        elif isinstance(name_or_index, str) and name_or_index in self.headers:
            return name_or_index
        raise InputError(f"{self.source}: {key} is {name_or_index!r:.60}: headers has {', '.join(self.headers)}")

    def values(self, holder: Mapping[str, Any], key: str) -> list[Any]:
        """A list of values, which may be left out."""
        value = holder.get(key, [])
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise InputError(f"{self.source}: {key} is {value!r:.60}: give a list")
        return list(value)

    def mapping(self, value: Any, key: str) -> Mapping[str, Any]:
        """An object of the file."""
        if not isinstance(value, Mapping):
            raise InputError(f"{self.source}: {key} is {value!r:.60}: give an object")
        return value
