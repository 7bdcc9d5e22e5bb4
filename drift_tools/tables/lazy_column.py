"""A column of a fast reader, whose cells are looked at with care once somebody asks what only that can say."""

from collections.abc import Callable
from copy import copy
from typing import Any

from drift_tools.tables.column import Column, Numbers, Texts, TextSource, TypeCounts


class LazyColumn(Column):
    """A column whose cells are looked at when somebody asks what only `full`, the careful column, can say.

    `source`: its texts, where they are at hand.
    """

    __slots__ = ("_full", "_is_mostly", "_made", "_present", "_rows", "_texts")

    _full: Callable[[], Column]
    _is_mostly: bool
    _made: Column | None
    _present: int
    _rows: int
    _texts: TextSource | None

    def __init__(
        self,
        name: str,
        full: Callable[[], Column],
        *,
        rows: int,
        present: int,
        numbers: Numbers | None = None,
        texts: TextSource | None = None,
        is_mostly_numerical: bool = True,
    ) -> None:
        own: dict[str, object] = {
            "name": name,
            "numbers": numbers,
            "is_single": False,
            "problem": None,
            "_full": full,
            "_made": None,
            "_rows": rows,
        }
        own |= {"_present": present, "_is_mostly": is_mostly_numerical, "_texts": texts}
        for field, value in own.items():
            object.__setattr__(self, field, value)  # frozen, as every column

    def _looked_at(self) -> Column:
        made = self._made or self._full()
        object.__setattr__(self, "_made", made)
        return made

    def __len__(self) -> int:
        return self._rows

    def __reduce__(self) -> tuple[Any, ...]:
        """For other processes, as the careful column."""
        return copy, (self._looked_at(),)

    def renamed(self, name: str) -> Column:
        """The same column under another name."""
        return LazyColumn(
            name,
            self._looked_at,
            rows=self._rows,
            present=self._present,
            numbers=self.numbers,
            texts=self._texts,
            is_mostly_numerical=self._is_mostly,
        )

    @property
    def types(self) -> TypeCounts:
        return self._looked_at().types

    @property
    def source(self) -> Texts | TextSource | None:
        return self._looked_at().source if self._texts is None else self._texts

    @property
    def parsed(self) -> tuple[Numbers, int] | None:
        return self._looked_at().parsed if self.numbers is None else (self.numbers, 0)

    @property
    def present(self) -> int:
        return self._present

    @property
    def is_mostly_numerical(self) -> bool:
        return self._is_mostly

    @property
    def is_typed_number(self) -> bool:
        return False

    @property
    def is_typed_text(self) -> bool:
        return False
