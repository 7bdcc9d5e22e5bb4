"""Arguments of the bucket."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NotRequired, Self, TypedDict

from components.args.bounds import number
from components.args.reader import ArgumentError, Reader, argument_names


class StorageArgs(TypedDict):
    """How long the bucket keeps what."""

    captured_data_days: NotRequired[int]
    """Days after which captured requests and answers are deleted. Default 90."""
    results_days: NotRequired[int]
    """Days after which results of runs are deleted: reports, statistics, lines for SQL, findings of a stream, what two
    engines agree on. Default 400, a year to look back on."""
    noncurrent_version_days: NotRequired[int]
    """Days after which overwritten and deleted versions of objects are deleted. Default 30."""


@dataclass(frozen=True, kw_only=True)
class StorageSettings:
    """`StorageArgs`, checked and complete."""

    captured_data_days: int
    results_days: int
    noncurrent_version_days: int

    @classmethod
    def from_args(cls, args: StorageArgs, path: str = "storage") -> Self:
        read = Reader(path, args, argument_names(StorageArgs))
        return cls(
            captured_data_days=number(read, "captured_data_days", 90, "storage.days"),
            results_days=number(read, "results_days", 400, "storage.days"),
            noncurrent_version_days=number(read, "noncurrent_version_days", 30, "storage.days"),
        )

    def check_windows(self, hours_back: Mapping[str, int]) -> None:
        """Refuse to delete captures before they are looked at; `hours_back`: by argument, how long before its run a
        monitor's window begins. Raises ArgumentError.
        """
        for argument, hours in hours_back.items():
            if hours > self.captured_data_days * 24:
                raise ArgumentError(
                    f"storage.captured_data_days is {self.captured_data_days}: windows of {argument} begin {hours} "
                    f"hours before their run, when their captures are gone; keep them for {math.ceil(hours / 24)} days"
                )
