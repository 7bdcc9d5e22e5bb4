"""Profiles: what is kept of a dataset, in bounded memory, so that the profiles of its parts can be merged.

A profile of each batch, of each file or of each machine, merged in any order, says the same as a profile of the whole:
counts exactly, moments to rounding, quantiles within the sketch's error. `Profile.statistics` writes statistics.json.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from drift_tools.errors import InputError
from drift_tools.profiles.frequent_items import Categories
from drift_tools.profiles.numeric import NumberProfile
from drift_tools.profiles.statistics_json import (
    MAXIMUM_CATEGORIES,
    FeatureStatistics,
    NumericalStatistics,
    Statistics,
    StringStatistics,
    read_json,
    write_json,
)
from drift_tools.tables import MISSING_WORDS, Column, Numbers, Table, TypeCounts, are_mostly_numbers, count_categories

__all__ = [
    "ColumnProfile",
    "FeatureStatistics",
    "NumericalStatistics",
    "Profile",
    "Statistics",
    "StringStatistics",
    "count_categories",
    "merge_profiles",
    "profile",
    "profile_column",
    "read_json",
    "summarise_numbers",
    "write_json",
]

_VERSION = 1
_NUMERICAL = ("Integral", "Fractional")
# Numbers of more kinds than this are no categories, unless somebody says that they are.
_MOST_NUMBER_CATEGORIES = 1000
_LOOKED_AT = 4096


@dataclass(frozen=True, eq=False, slots=True)
class ColumnProfile:
    """One column. `numbers`: of its cells that are finite numbers; `categories`: of its texts.

    `is_numerical`: every present cell is a number, `nan` and infinities included. `is_categorical`: the categories were
    asked for, also where they are numbers of many kinds.

    A source that knows only text has the numbers among its cells kept in any case: whether the whole column is one of
    numbers with a few stray cells is known when all batches have been merged, and not before.
    """

    name: str
    types: TypeCounts
    is_numerical: bool
    numbers: NumberProfile | None
    categories: Categories
    is_categorical: bool = False

    @classmethod
    def of(cls, column: Column, *, categorical: bool = False, numerical: bool = False) -> "ColumnProfile":
        """Profile a column; with `categorical` the categories also of numbers, with `numerical` the numbers among
        texts.
        """
        numbers = None
        if numerical or not column.is_typed_text:
            numbers = NumberProfile.of(column.as_numbers()[0])
        if column.numbers is not None and not categorical and _are_many(column.numbers):
            categories = Categories({}, unlisted=column.types.present)
        else:
            categories = Categories.of(column.category_counts())
        return cls(column.name, column.types, column.is_numerical, numbers, categories, categorical)

    @classmethod
    def missing(cls, name: str, rows: int) -> "ColumnProfile":
        """The profile of a column that a batch of so many rows does not have."""
        return cls(name, TypeCounts(missing=rows), False, None, Categories({}))

    @property
    def rows(self) -> int:
        """Rows, the missing ones included."""
        return self.types.present + self.types.missing

    @property
    def is_mostly_numerical(self) -> bool:
        """Whether it is a column of numbers but for a few stray cells."""
        if self.is_numerical or self.numbers is None:
            return self.is_numerical
        words = self.missing_words
        return are_mostly_numbers(self.types.string + self.types.boolean - words, self.types.present - words)

    @property
    def missing_words(self) -> int:
        """How many cells say that a number is missing (`NA`, `NULL`), of a column that has any number."""
        if self.is_numerical or self.numbers is None or not self.numbers.count:
            return 0
        return sum(self.categories.counts.get(word, 0) for word in MISSING_WORDS)

    def merge(self, other: "ColumnProfile") -> "ColumnProfile":
        """Both together."""
        numbers = [side.numbers for side in (self, other) if side.numbers is not None]
        present = [side for side in (self, other) if side.types.present]
        types = TypeCounts.sum_of((self.types, other.types))
        is_numerical = bool(present) and all(side.is_numerical for side in present)
        is_categorical = self.is_categorical or other.is_categorical
        categories = self.categories.merge(other.categories)
        are_many = categories.unlisted or len(categories.counts) > _MOST_NUMBER_CATEGORIES
        if is_numerical and not is_categorical and are_many:
            categories = Categories({}, unlisted=types.present)
        return ColumnProfile(
            self.name,
            types,
            is_numerical,
            reduce(NumberProfile.merge, numbers) if numbers else None,
            categories,
            is_categorical,
        )

    def statistics(self) -> FeatureStatistics:
        """As statistics.json has them: numbers or categories, by the inferred type."""
        inferred = self.types.inferred_type
        common = (self.name, inferred, self.types.present, self.types.missing)
        if inferred in _NUMERICAL:
            return FeatureStatistics(*common, numerical=None if self.numbers is None else self.numbers.statistics())
        if inferred == "String":
            return FeatureStatistics(*common, string=_listed(self.categories.counts, self.categories.distinct))
        return FeatureStatistics(*common)

    def to_dict(self) -> dict[str, Any]:
        """A JSON object that `from_dict` reads."""
        types = self.types
        return {
            "name": self.name,
            "types": [types.fractional, types.integral, types.boolean, types.string, types.missing],
            "is_numerical": self.is_numerical,
            "is_categorical": self.is_categorical,
            "numbers": None if self.numbers is None else self.numbers.to_dict(),
            "categories": self.categories.to_dict(),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "ColumnProfile":
        """What `to_dict` wrote."""
        numbers = document["numbers"]
        return cls(
            str(document["name"]),
            TypeCounts(*map(int, document["types"])),
            bool(document["is_numerical"]),
            None if numbers is None else NumberProfile.from_dict(numbers),
            Categories.from_dict(document["categories"]),
            bool(document["is_categorical"]),
        )


@dataclass(frozen=True, eq=False, slots=True)
class Profile:
    """A dataset of `rows` rows, column by column.

    Examples
    --------
    >>> from drift_tools.tables import as_table
    >>> first, second = Profile.of(as_table({"x": [1.0, 2.0]})), Profile.of(as_table({"x": [6.0]}))
    >>> both = first.merge(second)
    >>> both.rows, both.columns["x"].numbers.mean
    (3, 3.0)
    """

    rows: int
    columns: Mapping[str, ColumnProfile]

    @classmethod
    def of(cls, table: Table, *, categorical: Collection[str] = (), numerical: Collection[str] = ()) -> "Profile":
        """Profile a table. `categorical` columns have their categories kept also where they are numbers of many kinds,
        `numerical` ones their numbers also where some cells are none.
        """
        return cls(
            table.rows,
            {
                name: ColumnProfile.of(column, categorical=name in categorical, numerical=name in numerical)
                for name, column in table.columns.items()
            },
        )

    def merge(self, other: "Profile") -> "Profile":
        """Both together. A column that one of them does not have is missing in all of its rows."""
        names = list(dict.fromkeys([*self.columns, *other.columns]))
        if not self.rows or not other.rows:
            return self if self.rows else other
        return Profile(
            self.rows + other.rows,
            {
                name: (self.columns.get(name) or ColumnProfile.missing(name, self.rows)).merge(
                    other.columns.get(name) or ColumnProfile.missing(name, other.rows)
                )
                for name in names
            },
        )

    def without(self, names: Collection[str]) -> "Profile":
        """The profile without these columns; names that it does not have are none to leave out."""
        return replace(self, columns={name: column for name, column in self.columns.items() if name not in names})

    def statistics(self) -> Statistics:
        """The content of statistics.json."""
        return Statistics(self.rows, {name: column.statistics() for name, column in self.columns.items()})

    def to_dict(self) -> dict[str, Any]:
        """A JSON object from which `from_dict` makes an equal profile, to be merged elsewhere."""
        return {
            "version": _VERSION,
            "rows": self.rows,
            "columns": [column.to_dict() for column in self.columns.values()],
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Profile":
        """What `to_dict` wrote; `InputError` if it is something else."""
        try:
            if document["version"] != _VERSION:
                raise InputError(f"a profile of version {document['version']}: this program reads version {_VERSION}")
            columns = [ColumnProfile.from_dict(column) for column in document["columns"]]
            return cls(int(document["rows"]), {column.name: column for column in columns})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"not a profile ({type(error).__name__}: {error}): profile the data again") from error

    def write(self, path: Path) -> None:
        """Write the JSON object to a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.to_dict(), allow_nan=False, separators=(",", ":")), encoding="utf-8")

    @classmethod
    def read(cls, path: str | Path) -> "Profile":
        """Read a file that `write` wrote."""
        return cls.from_dict(read_json(path))


def merge_profiles(profiles: Iterable[Profile]) -> Profile:
    """Any number of profiles together; of none an empty one."""
    return reduce(Profile.merge, profiles, Profile(0, {}))


def profile(table: Table) -> Statistics:
    """Statistics of every column of a table."""
    return Profile.of(table).statistics()


def profile_column(column: Column) -> FeatureStatistics:
    """Statistics of one column, numerical or string by its inferred type."""
    return ColumnProfile.of(column).statistics()


def summarise_numbers(values: Numbers) -> NumericalStatistics | None:
    """Statistics of the finite values; None if there are none."""
    numbers = NumberProfile.of(values)
    return None if numbers is None else numbers.statistics()


def _listed(counts: Mapping[str, int], distinct: int) -> StringStatistics:
    # Ties in the order of their names, so that equal data give an equal file.
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return StringStatistics(distinct, dict(ordered[:MAXIMUM_CATEGORIES]))


def _are_many(numbers: Numbers) -> bool:
    """Whether these are numbers of more kinds than categories have; the first few thousand mostly say so."""
    return any(len(np.unique(some)) > _MOST_NUMBER_CATEGORIES for some in (numbers[:_LOOKED_AT], numbers))
