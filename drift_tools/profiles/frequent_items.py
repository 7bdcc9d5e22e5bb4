"""How often each category occurs, in bounded memory, and mergeable.

Up to `CAPACITY` categories every count is exact. Above, the most frequent stay (Misra and Gries, 1982; merged as in
Agarwal et al., "Mergeable summaries", 2012): a count is at most `undercount` too small, which is at most 1/10,000 of
the rows, and a category that more rows than that have is never lost. How many categories there are is then estimated
from the 4,096 smallest hashes of all of them (Bar-Yossef et al., 2002), with a standard error of 1.6 %.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

CAPACITY = 10_000
_HASHES = 4096
_HASH_RANGE = 2.0**64


@dataclass(frozen=True, eq=False, slots=True)
class Categories:
    """`counts`, none of them too large; `hashes`: the smallest, sorted, or None while `counts` has every category.

    `unlisted`: rows whose categories were not looked at, because they are numbers of too many kinds.
    """

    counts: Mapping[str, int]
    undercount: int = 0
    hashes: NDArray[np.uint64] | None = None
    unlisted: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> "Categories":
        """Take exact counts."""
        return cls._trimmed(counts, 0, None, 0)

    def merge(self, other: "Categories") -> "Categories":
        """Both together."""
        hashes = None
        if self.hashes is not None or other.hashes is not None:
            hashes = _smallest(np.concatenate([self._own_hashes(), other._own_hashes()]))
        counts = Counter(self.counts)
        counts.update(other.counts)
        return self._trimmed(counts, self.undercount + other.undercount, hashes, self.unlisted + other.unlisted)

    @classmethod
    def _trimmed(
        cls, counts: Mapping[str, int], undercount: int, hashes: NDArray[np.uint64] | None, unlisted: int
    ) -> "Categories":
        if len(counts) <= CAPACITY:
            return cls(counts, undercount, hashes, unlisted)
        if hashes is None:  # else they are of these and all others that there were
            hashes = _smallest(_hashes(counts))
        every = np.fromiter(counts.values(), dtype=np.int64, count=len(counts))
        place = len(every) - CAPACITY - 1
        cut = int(np.partition(every, place)[place])  # the largest count that has no room
        kept = {category: count - cut for category, count in counts.items() if count > cut}
        return cls(kept, undercount + cut, hashes, unlisted)

    def _own_hashes(self) -> NDArray[np.uint64]:
        return _smallest(_hashes(self.counts)) if self.hashes is None else self.hashes

    @property
    def distinct(self) -> int:
        """How many categories there are; estimated once there were more than `CAPACITY`."""
        if self.hashes is None:
            return len(self.counts)
        if len(self.hashes) < _HASHES:
            return len(self.hashes)
        return round((_HASHES - 1) / (float(self.hashes[-1]) / _HASH_RANGE))

    def to_dict(self) -> dict[str, Any]:
        """A JSON object that `from_dict` reads."""
        return {
            "counts": dict(self.counts),
            "undercount": self.undercount,
            "hashes": None if self.hashes is None else self.hashes.tolist(),
            "unlisted": self.unlisted,
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Categories":
        """What `to_dict` wrote."""
        hashes = document["hashes"]
        return cls(
            {str(category): int(count) for category, count in document["counts"].items()},
            int(document["undercount"]),
            None if hashes is None else np.array(hashes, dtype=np.uint64),
            int(document["unlisted"]),
        )


def _hashes(categories: Iterable[str]) -> NDArray[np.uint64]:
    digests = b"".join(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in categories)
    return np.frombuffer(digests, dtype=np.uint64)


def _smallest(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return np.unique(hashes)[:_HASHES]
