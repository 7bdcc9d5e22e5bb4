"""The filters, the order and the pages that SageMaker's List operations share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local_aws.sagemaker.errors import invalid

_TIMES = ("CreationTime", "LastModifiedTime", "ScheduledTime")


@dataclass(frozen=True)
class Filters:
    """Which member of a row the common filters look at; `equal` maps other request members to members of a row."""

    name: str
    status: str
    equal: Mapping[str, str] = field(default_factory=dict)


def page(rows: Sequence[dict[str, Any]], request: Mapping[str, Any], member: str, filters: Filters) -> dict[str, Any]:
    """One page of the rows that a List request asks for, under `member`, with a NextToken if there are more."""
    kept = [row for row in rows if _matches(row, request, filters)]
    order = request.get("SortBy", "CreationTime")
    column = {"Name": filters.name, "Status": filters.status}.get(order, order)
    descending = request.get("SortOrder", "Descending") == "Descending"
    kept.sort(key=lambda row: row[column], reverse=descending)
    try:
        start = int(request.get("NextToken") or 0)
    except ValueError as error:
        raise invalid(f"Invalid NextToken: {request['NextToken']}") from error
    end = start + int(request.get("MaxResults") or 10)
    answer: dict[str, Any] = {member: kept[start:end]}
    return answer | ({"NextToken": str(end)} if end < len(kept) else {})


def _matches(row: Mapping[str, Any], request: Mapping[str, Any], filters: Filters) -> bool:
    if request.get("NameContains") and request["NameContains"] not in row[filters.name]:
        return False
    wanted = {"StatusEquals": filters.status, **filters.equal}
    if any(request.get(asked) not in (None, row.get(column)) for asked, column in wanted.items()):
        return False
    for column in _TIMES:
        after, before = request.get(f"{column}After"), request.get(f"{column}Before")
        if after is not None and not row[column] > _moment(after):
            return False
        if before is not None and not row[column] < _moment(before):
            return False
    return True


def _moment(value: Any) -> datetime:
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    return datetime.fromisoformat(str(value))
