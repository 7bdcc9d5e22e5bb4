"""Takes arguments one after the other and refuses what is wrong with them, in one line."""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.packaging import asset_bytes


class ArgumentError(ValueError):
    """An argument that cannot be used; the message is one line: which, what was given, and the mend."""


class Reader:
    """Takes the arguments of one dictionary, one after the other, and refuses what is wrong with them."""

    def __init__(self, path: str, values: Mapping[str, Any] | None, names: Sequence[str]) -> None:
        if not isinstance(values, Mapping):
            raise ArgumentError(f"{path or 'args'} is {values!r}: give a dictionary with {', '.join(names)}")
        self._path = path
        self._values = values
        for name in values:
            if name not in names:
                near = difflib.get_close_matches(str(name), names, n=1)
                mend = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
                raise ArgumentError(f"{self.name(str(name))} is not an argument: {mend}")

    def name(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def refuse(self, key: str, problem: str) -> ArgumentError:
        return ArgumentError(f"{self.name(key)} is {self._values.get(key)!r}: {problem}")

    def has(self, key: str) -> bool:
        return self._values.get(key) is not None

    def raw(self, key: str) -> Any:
        return self._values.get(key)

    def group(self, key: str) -> Any:
        """A dictionary of its own; one that is left out has no entries."""
        return self._values.get(key, {})

    def whole(self, key: str, default: int, least: int, most: int) -> int:
        value = self._values.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
            raise self.refuse(key, f"must be a whole number from {least} to {most}")
        if not least <= value <= most:
            raise self.refuse(key, f"must be from {least} to {most}")
        return int(value)

    def number(self, key: str, default: float | None, least: float, most: float) -> float | None:
        value = self._values.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self.refuse(key, f"must be a number from {least} to {most}")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        value = self._values.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.refuse(key, "must be true or false")
        return value

    def text(self, key: str, default: str | None, pattern: str = ".+", form: str = "text that is not empty") -> str:
        value = self._values.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise self.refuse(key, f"must be {form}")
        return value

    def optional_text(self, key: str, default: str | None) -> str | None:
        return self.text(key, default) if self.has(key) else default

    def choice(self, key: str, default: str | None, choices: Sequence[str]) -> str:
        value = self._values.get(key, default)
        if value not in choices:
            raise self.refuse(key, f"must be one of {', '.join(choices)}")
        return str(value)

    def asset(self, key: str, form: str) -> tuple[pulumi.Asset, bytes]:
        value = self._values.get(key)
        if not isinstance(value, pulumi.Asset):
            raise self.refuse(key, f"must be a pulumi.FileAsset: {form}")
        described = value.path if isinstance(value, pulumi.FileAsset) else type(value).__name__
        try:
            data = asset_bytes(value)
        except OSError as error:
            raise ArgumentError(f"{self.name(key)} is {described}: {error.strerror}; {form}") from error
        except TypeError as error:
            raise ArgumentError(f"{self.name(key)} is {described}: {error}") from error
        if not data:
            raise ArgumentError(f"{self.name(key)} is {described}: it is empty; {form}")
        return value, data

    def instance_type(self, default: str) -> str:
        return self.text(
            "instance_type", default, r"ml\.[a-z0-9-]+\.[a-z0-9]+", "an instance type such as ml.m5.xlarge"
        )


def argument_names(args: type) -> list[str]:
    return list(args.__annotations__)
