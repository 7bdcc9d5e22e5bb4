"""The counts of a monitor's windows: what the baseline keeps, what each run adds, and how they are stored.

A window's counts are a sum, so shards of it merge, and a window that runs twice replaces itself: state that is computed
from them survives late, repeated and missing runs.
"""

import hashlib
import io
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.timeline.bins import FeatureBins, Integers
from drift_tools.timeline.scores import BEYOND, WIDTH

_VERSION: Final = 1
_MOST_BYTES: Final = 256_000_000


@dataclass(frozen=True, eq=False, slots=True)
class WindowHistory:
    """Windows in the order of time, in the same bins. `starts`: seconds since 1970; `counts`: windows x features x
    `WIDTH`; `seconds`: the length of a window.
    """

    bins: tuple[FeatureBins, ...]
    seconds: int
    starts: Integers
    counts: Integers

    @classmethod
    def of(cls, bins: Sequence[FeatureBins], seconds: int, windows: Mapping[int, Integers]) -> "WindowHistory":
        """Take the counts (features x `WIDTH`) of windows by their start."""
        starts = np.array(sorted(windows), dtype=np.int64)
        counts = np.zeros((len(starts), len(bins), WIDTH), dtype=np.int64)
        for place, start in enumerate(starts.tolist()):
            counts[place] = windows[start]
        return cls(tuple(bins), seconds, starts, counts)

    def __len__(self) -> int:
        """Windows."""
        return len(self.starts)

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names."""
        return tuple(feature.name for feature in self.bins)

    @property
    def rows(self) -> Integers:
        """The rows of each window."""
        rows: Integers = self.counts[..., :BEYOND].sum(-1).max(-1, initial=0)
        return rows

    @property
    def digest(self) -> str:
        """What tells these bins from others: counts in other bins are of no use."""
        text = json.dumps([feature.to_dict() for feature in self.bins] + [self.seconds], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def where(self, chosen: NDArray[np.bool_]) -> "WindowHistory":
        """The windows that are chosen."""
        return WindowHistory(self.bins, self.seconds, self.starts[chosen], self.counts[chosen])

    def filled(self) -> "WindowHistory":
        """The same with a window without rows in place of each one that is missing between the first and the last."""
        if not len(self):
            return self
        starts = np.arange(self.starts[0], self.starts[-1] + 1, self.seconds)
        at = np.searchsorted(starts, self.starts)
        if not np.array_equal(starts[np.minimum(at, len(starts) - 1)], self.starts):
            return self  # windows that are not whole periods apart: taken as they follow each other
        counts = np.zeros((len(starts), *self.counts.shape[1:]), dtype=np.int64)
        counts[at] = self.counts
        return WindowHistory(self.bins, self.seconds, starts, counts)

    def to_bytes(self) -> bytes:
        """As a compressed npz file: the bins as JSON, the starts, and the counts as 32-bit integers."""
        head = {"version": _VERSION, "seconds": self.seconds, "bins": [feature.to_dict() for feature in self.bins]}
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8),
            starts=self.starts,
            counts=self.counts.astype(np.int32 if self.counts.max(initial=0) < 2**31 else np.int64),
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes, *, where: str) -> "WindowHistory":
        """Read the npz file; raises `InputError` if it is none, `where` naming it."""
        if len(content) > _MOST_BYTES:
            raise InputError(f"{where}: larger than {_MOST_BYTES:,} bytes: make the baseline again, of fewer windows")
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                head = json.loads(file["head"].tobytes())
                if head["version"] != _VERSION:
                    raise ValueError(f"version {head['version']}")
                bins = tuple(FeatureBins.from_dict(feature) for feature in head["bins"])
                starts, counts = file["starts"].astype(np.int64), file["counts"].astype(np.int64)
            if counts.shape != (len(starts), len(bins), WIDTH) or (np.diff(starts) <= 0).any() or (counts < 0).any():
                raise ValueError("its counts are not those of its windows")
            return cls(bins, int(head["seconds"]), starts, counts)
        except (ValueError, KeyError, TypeError, OSError, EOFError, AttributeError, BadZipFile, zlib.error) as error:
            raise InputError(f"{where}: not a baseline's windows ({error}): run the baseline again") from error

    @classmethod
    def read(cls, path: Path) -> "WindowHistory":
        """Read a file that `to_bytes` made."""
        return cls.from_bytes(path.read_bytes(), where=str(path))


def record_of(digest: str, start: int, counts: Integers, **more: Any) -> dict[str, Any]:
    """One window's counts as a JSON object; `more` stands beside them."""
    return {"version": _VERSION, "bins": digest, "start": int(start), "counts": counts.tolist(), **more}


def records_to_windows(records: Iterable[Mapping[str, Any]], like: WindowHistory) -> dict[int, Integers]:
    """The counts of those records that are in the bins of `like`, by their start; others are of an earlier baseline.

    Raises `InputError` for a record that says it has these bins and has other counts.
    """
    digest, found = like.digest, {}
    for record in records:
        if record.get("version") != _VERSION or record.get("bins") != digest:
            continue
        try:
            counts = np.array(record["counts"], dtype=np.int64)
            if counts.shape != (len(like.bins), WIDTH) or (counts < 0).any():
                raise ValueError(f"counts of shape {counts.shape}")
            found[int(record["start"])] = counts
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError(
                f"the record of the window {record.get('start')} is damaged ({error}): delete it"
            ) from error
    return found
