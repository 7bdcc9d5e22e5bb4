"""Athena that really executes: ministack's, on DuckDB, with Athena's functions and with partition projection.

ministack answers with a made-up row where DuckDB is missing, hands Athena's SQL to DuckDB as it is, takes columns from
what files happen to hold, and knows nothing of projection. AWS: the declared columns, those that a file lacks are NULL;
partitions are what the table's `projection.*` parameters say, wherever else files lie. A workgroup's scan limit stops
a query; here a query scans all files of its tables, whatever days it asks for.
"""

import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from ministack.services import athena as _athena

_SCALARS: Final = {
    "string": "VARCHAR",
    "bigint": "BIGINT",
    "int": "INTEGER",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
_NOW: Final = re.compile(r"NOW(?:([+-])(\d+)(DAYS?|WEEKS?|MONTHS?|YEARS?))?")
_UNIT_DAYS: Final = {"DAY": 1, "WEEK": 7, "MONTH": 30, "YEAR": 365}


@dataclass
class _Scan:
    """What a query has to read, and how much it may; None of a workgroup without a limit."""

    limit: int | None
    bytes: int = 0

    @property
    def is_over(self) -> bool:
        return self.limit is not None and self.bytes > self.limit

    def read(self, files: Sequence[str]) -> None:
        self.bytes += sum(Path(file).stat().st_size for file in files)
        if self.is_over:
            raise ValueError("Bytes scanned limit was exceeded")


_SCAN: Final[ContextVar[_Scan]] = ContextVar("_SCAN")


@cache
def connect() -> None:
    """Execute queries, within the limits of their workgroups, from the first call on."""
    _execute()
    _hold_to_scan_limits()


def _hold_to_scan_limits() -> None:
    """Cancel what would read more than `BytesScannedCutoffPerQuery` of its workgroup, and say what others read."""
    execute, relation = _athena._execute_query, _athena._table_relation

    async def execute_query(identifier: str, *given: Any) -> None:
        execution = _athena._executions[identifier]
        settings = _athena._workgroups.get(execution["WorkGroup"], {}).get("Configuration", {})
        scan = _Scan(settings.get("BytesScannedCutoffPerQuery"))
        _SCAN.set(scan)
        await execute(identifier, *given)
        if scan.is_over:
            execution["Status"]["State"] = "CANCELLED"
        execution["Statistics"]["DataScannedInBytes"] = scan.bytes

    def table_relation(table: Mapping[str, Any], files: Sequence[str]) -> str:
        _SCAN.get().read(files)
        return str(relation(table, files))

    _athena._execute_query = execute_query
    _athena._table_relation = table_relation


def _execute() -> None:
    """Let ministack's Athena execute queries."""
    _athena.ATHENA_ENGINE = "duckdb"
    run, relation, empty = _athena._run_duckdb, _athena._table_relation, _athena._empty_relation

    async def run_duckdb(query: str, database: str, catalog: str | None = None) -> Any:
        return await run(as_duckdb(query), database, catalog)

    def table_relation(table: Mapping[str, Any], files: Sequence[str]) -> str:
        return projected(table, files) if is_projected(table) else str(relation(table, files))

    def empty_relation(table: Mapping[str, Any]) -> str:
        return projected(table, []) if is_projected(table) else str(empty(table))

    _athena._run_duckdb = run_duckdb
    _athena._table_relation = table_relation
    _athena._empty_relation = empty_relation


def workgroups(asked: Mapping[str, Any], account: str, region: str) -> set[str]:
    """The workgroups of the queries and executions that a request names by their ids."""
    found = set()
    for name, kept in (("NamedQueryId", _athena._named_queries), ("QueryExecutionId", _athena._executions)):
        several = asked.get(f"{name}s")
        for identifier in [asked.get(name), *(several if isinstance(several, list) else [])]:
            item = kept.get_scoped(account, region, identifier) if isinstance(identifier, str) else None
            if item is not None:
                found.add(str(item.get("WorkGroup") or "primary"))
    return found


def as_duckdb(query: str) -> str:
    """Athena's SQL as DuckDB's. Raises ValueError in Athena's words for what is no SQL."""
    import sqlglot  # noqa: PLC0415 - a tenth of the server's start, and most who ask for Athena only look what is there

    try:
        (text,) = sqlglot.transpile(query, read="athena", write="duckdb")
    except (sqlglot.errors.SqlglotError, ValueError) as error:
        raise ValueError(f"SYNTAX_ERROR: {' '.join(str(error).split())}") from error
    return text


def is_projected(table: Mapping[str, Any]) -> bool:
    """Whether a table of JSON Lines has partition projection."""
    parameters = table.get("Parameters") or {}
    return bool(str(parameters.get("projection.enabled")).lower() == "true" and _athena._data_format(table) == "json")


def projected(table: Mapping[str, Any], files: Sequence[str]) -> str:
    """The relation of a projected table over the files below its location: those of its partitions, and no other."""
    keys = [str(key["Name"]) for key in table.get("PartitionKeys") or []]
    columns = [(str(column["Name"]), duckdb_type(column["Type"])) for column in table["StorageDescriptor"]["Columns"]]
    by_values: dict[tuple[str, ...], list[str]] = {}
    place = _template(table)
    for file in files:
        match = place.search(file)
        if match is not None and all(_is_projected_value(table, key, match[key]) for key in keys):
            by_values.setdefault(tuple(match[key] for key in keys), []).append(file)
    if not by_values:
        nothing = [
            f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in [*columns, *((key, "VARCHAR") for key in keys)]
        ]
        return f"(SELECT {', '.join(nothing)} WHERE FALSE)"
    declared = ", ".join(f"'{name}': '{kind}'" for name, kind in columns)
    parts = []
    for values, own in by_values.items():
        constants = "".join(f', {_literal(value)} AS "{key}"' for key, value in zip(keys, values, strict=True))
        options = f"columns = {{{declared}}}, format = 'newline_delimited', hive_partitioning = false"
        read = f"read_json([{', '.join(map(_literal, own))}], {options})"
        parts.append(f"SELECT *{constants} FROM {read}")  # noqa: S608 - names and paths are quoted
    return f"({' UNION ALL '.join(parts)})"


def duckdb_type(hive: str) -> str:
    """DuckDB's name of one of Hive's types."""
    if match := re.fullmatch(r"array<(.*)>", hive):
        return f"{duckdb_type(match[1])}[]"
    if match := re.fullmatch(r"map<([^,]*),(.*)>", hive):
        return f"MAP({duckdb_type(match[1])}, {duckdb_type(match[2])})"
    return _SCALARS.get(hive, "VARCHAR")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _template(table: Mapping[str, Any]) -> "re.Pattern[str]":
    """What the end of a file's path must be, with a group for each partition key."""
    location = str(table["StorageDescriptor"]["Location"]).rstrip("/")
    parameters = table["Parameters"]
    keys = [str(key["Name"]) for key in table.get("PartitionKeys") or []]
    template = parameters.get("storage.location.template") or "/".join(
        [location, *(f"{key}=${{{key}}}" for key in keys)]
    )
    below = str(template).rstrip("/").removeprefix(location).strip("/")
    parts = re.split(r"\$\{(\w+)\}", below)
    text = "".join(f"(?P<{part}>[^/]+)" if i % 2 else re.escape(part) for i, part in enumerate(parts))
    return re.compile(rf"/{text}/[^/]+$")


def _is_projected_value(table: Mapping[str, Any], key: str, value: str) -> bool:
    about = {
        name.removeprefix(f"projection.{key}."): text
        for name, text in table["Parameters"].items()
        if name.startswith(f"projection.{key}.")
    }
    if about.get("type") == "enum":
        return value in [item.strip() for item in about["values"].split(",")]
    if about.get("type") == "date":
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return False
        first, last = (_date(text.strip()) for text in about["range"].split(","))
        return first <= day <= last
    return about.get("type") == "injected"


def _date(text: str) -> date:
    match = _NOW.fullmatch(text)
    if match is None:
        return date.fromisoformat(text)
    sign, number, unit = match.groups()
    days = 0 if number is None else int(number) * _UNIT_DAYS[unit.rstrip("S")]
    return (datetime.now(UTC) + timedelta(days=days if sign == "+" else -days)).date()
