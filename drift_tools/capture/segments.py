"""What a block of captured lines holds: records of the same columns, those outside the window, and the skipped."""

from dataclasses import dataclass, field

from drift_tools.tables import Order, Parts, Run


@dataclass(slots=True)
class Segment:
    """Records of the same columns. `record_lines`: the line of each record; `row_lines`: of each row."""

    names: tuple[str | None, ...]
    has_output: bool
    cells: list[Run]
    origin: dict[str, Parts]
    record_lines: Order
    row_lines: Order

    @property
    def width(self) -> int:
        """Columns that have no name but their position."""
        return self.names.count(None)

    @property
    def is_named(self) -> bool:
        """Whether any column has a name."""
        return self.width < len(self.names)


@dataclass(slots=True)
class BlockResult:
    """What a block holds: segments, records outside the window, and the skipped with line and reason."""

    source: str
    segments: list[Segment] = field(default_factory=list)
    outside: int = 0
    skipped: list[tuple[int, str]] = field(default_factory=list)
