"""The rows of the example as its feed sends them, the split of the years, and the faults of the last window."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

DATA = Path(__file__).parent / "data" / "employment.parquet"
# The order of the columns in a request.
FEATURES = (
    "AGEP",
    "SCHL",
    "MAR",
    "RELP",
    "DIS",
    "ESP",
    "CIT",
    "MIG",
    "MIL",
    "ANC",
    "NATIVITY",
    "DEAR",
    "DEYE",
    "DREM",
    "SEX",
    "RAC1P",
)
YEARS = (2016, 2017, 2018)
CONTROL_EVERY, CONTROL_OF = 3, 10  # of the rows of 2015 that did not train the model
FAULTY_ROWS_OF_2018 = 1_000
FAULT_EVERY = 3
MONTHS_A_YEAR = 12


@dataclass(frozen=True)
class Row:
    """One person: the key that joins the label to the prediction, the label, and the features as they are sent."""

    key: str
    employed: int
    values: tuple[str, ...]

    @property
    def payload(self) -> str:
        return ",".join(self.values)


@dataclass(frozen=True)
class Split:
    training: tuple[Row, ...]
    baseline: tuple[Row, ...]
    control: tuple[Row, ...]
    years: dict[int, tuple[Row, ...]]
    before_faults: tuple[Row, ...]


def as_sent(record: dict[str, Any]) -> Row:
    values = [str(int(record["AGEP"])), *(f"{name}_{record[name]}" for name in FEATURES[1:])]
    return Row(f"person-{record['id']}", int(record["employed"]), tuple(values))


def split(path: Path = DATA) -> Split:
    records = pq.read_table(path).to_pylist()
    of_year = {year: [as_sent(record) for record in records if record["year"] == year] for year in (2015, *YEARS)}
    unseen = of_year[2015][1::2]
    control = tuple(row for i, row in enumerate(unseen) if i % CONTROL_OF < CONTROL_EVERY)
    in_control = {row.key for row in control}
    faulty = spread(of_year[2018], FAULTY_ROWS_OF_2018)
    to_be_faulty = {row.key for row in faulty}
    years = {year: tuple(row for row in of_year[year] if row.key not in to_be_faulty) for year in YEARS}
    return Split(
        training=tuple(of_year[2015][::2]),
        baseline=tuple(row for row in unseen if row.key not in in_control),
        control=control,
        years=years,
        before_faults=faulty,
    )


def spread(rows: Sequence[Row], count: int) -> tuple[Row, ...]:
    """`count` of the rows, evenly over the sequence."""
    return tuple(rows[i * len(rows) // count] for i in range(count))


def with_faults(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Every third row with its age in months, and with the reference person's code of 2019 where it is one."""
    return tuple(faulty(row) if i % FAULT_EVERY == 0 else row for i, row in enumerate(rows))


def faulty(row: Row) -> Row:
    named = dict(zip(FEATURES, row.values, strict=True))
    named["AGEP"] = str(int(named["AGEP"]) * MONTHS_A_YEAR)
    if named["RELP"] == "RELP_0":
        named["RELP"] = "RELP_20"
    return Row(row.key, row.employed, tuple(named.values()))
