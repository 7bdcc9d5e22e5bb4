"""What people ask of many models: named queries in Athena's SQL, a file each, with the question in its first line.

Each is one SELECT that reads only the days that it needs: `day` is the partition, and text that sorts as dates do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_name("queries")


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A question, and the query that answers it."""

    name: str
    asks: str
    sql: str


def _read(path: Path) -> NamedQuery:
    asks, _, sql = path.read_text(encoding="utf-8").partition("\n")
    return NamedQuery(path.stem, asks.removeprefix("-- "), sql.strip())


QUERIES: Final[Sequence[NamedQuery]] = tuple(_read(path) for path in sorted(FOLDER.glob("*.sql")))
