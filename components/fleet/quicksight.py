"""QuickSight over the tables of results: a data source, a data set, a dashboard in code; each group sees its own.

It costs by reader, so nobody gets it unasked. The classic provider has no `definition` of dashboards: all of this is
the native provider's, under CloudFormation's schemas.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws_native as native

from components.args import ArgumentError, Reader, argument_names, check_component_name
from components.iam import look_up_context
from contract.result_tables import DAY, RUNS

# Its argument types list every form of every visual; what is handed over is held against CloudFormation's schemas.
_NATIVE: Final[Any] = native.quicksight
READ: Final = ("DescribeDashboard", "ListDashboardVersions", "QueryDashboard")
OWN_DATA_SET: Final = (
    "DescribeDataSet",
    "DescribeDataSetPermissions",
    "PassDataSet",
    "DescribeIngestion",
    "ListIngestions",
    "UpdateDataSet",
    "DeleteDataSet",
    "CreateIngestion",
    "CancelIngestion",
    "UpdateDataSetPermissions",
)
OWN_DATA_SOURCE: Final = (
    "DescribeDataSource",
    "DescribeDataSourcePermissions",
    "PassDataSource",
    "UpdateDataSource",
    "DeleteDataSource",
    "UpdateDataSourcePermissions",
)
OWN_DASHBOARD: Final = (
    *READ,
    "UpdateDashboard",
    "DeleteDashboard",
    "UpdateDashboardPermissions",
    "DescribeDashboardPermissions",
    "UpdateDashboardPublishedVersion",
)
_GROUP: Final = r"[\w+=,.@-]{1,256}"
_GROUP_FORM: Final = "the name of a QuickSight group"
DATA_SET: Final = "runs"
_TYPES: Final[Mapping[str, str]] = {"string": "STRING", "bigint": "INTEGER", "double": "DECIMAL", "boolean": "BOOLEAN"}
# A list and a map are no columns of QuickSight's.
COLUMNS: Final = tuple(column for column in RUNS.columns if column.type in _TYPES)


class FleetQuickSightArgs(TypedDict):
    """Who sees the dashboard."""

    owner_group: str
    """The QuickSight group that may change data set and dashboard."""
    teams: NotRequired[Mapping[str, str]]
    """QuickSight groups by the team (tag Team) whose models, and no others, they see. Default none: only owners see."""
    refresh_at: NotRequired[str]
    """When the data are read anew each day, UTC. Default `06:00`."""
    database_name: NotRequired[pulumi.Input[str]]
    """Of the tables of results; a fleet fills it in."""
    workgroup_name: NotRequired[pulumi.Input[str]]
    """Of Athena; a fleet fills it in."""


@dataclass(frozen=True, kw_only=True)
class FleetQuickSightSettings:
    """`FleetQuickSightArgs`, checked and complete. `teams`: by team its group."""

    owner_group: str
    teams: Mapping[str, str]
    refresh_at: str

    @classmethod
    def from_args(cls, args: FleetQuickSightArgs, path: str = "quicksight") -> Self:
        """Check everything; ArgumentError in one line: the argument, its value, and the fix."""
        read = Reader(path, args, argument_names(FleetQuickSightArgs))
        return cls(
            owner_group=read.text("owner_group", None, _GROUP, _GROUP_FORM),
            teams=_teams(read),
            refresh_at=read.text("refresh_at", "06:00", r"([01]\d|2[0-3]):[0-5]\d", 'a time such as "06:00", as text'),
        )


def _teams(read: Reader) -> dict[str, str]:
    given = read.raw("teams")
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise read.refuse("teams", "give QuickSight groups by team")
    path = read.name("teams")
    by_suffix = {_suffix(None): ""}
    for team, group in given.items():
        if not isinstance(team, str) or not re.fullmatch(r"[^\n\r]{1,64}", team):
            raise ArgumentError(f"{path} has the team {team!r}: give the value of the tag Team, 1 to 64 characters")
        if not isinstance(group, str) or not re.fullmatch(_GROUP, group):
            raise ArgumentError(f"{path}.{team} is {group!r}: must be {_GROUP_FORM}")
        other = by_suffix.setdefault(_suffix(team), team)
        if other != team:
            whose = f"those of {other!r}" if other else "those of the owners"
            raise ArgumentError(
                f"{path} has the team {team!r}: its resources would be called as {whose} ({_suffix(team)}); QuickSight "
                "takes letters, digits, - and _ in names, so name the team otherwise"
            )
    return dict(given)


def _suffix(team: str | None) -> str:
    """Of the names of a team's resources."""
    return "all" if team is None else re.sub(r"[^A-Za-z0-9_-]", "-", team)


def group_arn(partition: str, region: str, account_id: str, group: str) -> str:
    """The ARN of a group in QuickSight's default namespace."""
    return f"arn:{partition}:quicksight:{region}:{account_id}:group/default/{group}"


def permissions(principal: str, actions: Sequence[str]) -> list[dict[str, Any]]:
    """As QuickSight has them."""
    return [{"principal": principal, "actions": [f"quicksight:{name}" for name in actions]}]


def runs_sql(database: str, team: str | None) -> str:
    """The runs of the last 90 days; of a team, its own alone. What a group cannot query, it cannot see."""
    names = ", ".join(column.name for column in COLUMNS)
    mine = "" if team is None else f" AND team = '{team.replace(chr(39), chr(39) * 2)}'"
    since = f"{DAY} >= date_format(date_add('day', -90, current_date), '%Y-%m-%d')"
    return f'SELECT {names}, {DAY} FROM "{database}"."{RUNS.name}" WHERE {since}{mine}'  # noqa: S608 - quoted above


def physical_table(data_source_arn: str, sql: str) -> dict[str, Any]:
    """The data set's one table."""
    columns = [{"name": column.name, "type": _TYPES[column.type]} for column in COLUMNS]
    return {
        DATA_SET: {
            "custom_sql": {
                "data_source_arn": data_source_arn,
                "name": DATA_SET,
                "sql_query": sql,
                "columns": [*columns, {"name": DAY, "type": "STRING"}],
            }
        }
    }


def definition(data_set_arn: str) -> dict[str, Any]:
    """One sheet: models by day as a heat map, the worst models, drift by version, quality."""

    def column(name: str) -> dict[str, str]:
        return {"data_set_identifier": DATA_SET, "column_name": name}

    def dimension(name: str) -> dict[str, Any]:
        return {"categorical_dimension_field": {"field_id": f"by-{name}", "column": column(name)}}

    def measure(name: str, how: str) -> dict[str, Any]:
        aggregation = {"simple_numerical_aggregation": how}
        field = {"field_id": f"{how.lower()}-{name}", "column": column(name), "aggregation_function": aggregation}
        return {"numerical_measure_field": field}

    def title(text: str) -> dict[str, Any]:
        return {"visibility": "VISIBLE", "format_text": {"plain_text": text}}

    heat = {
        "visual_id": "drift-by-day",
        "title": title("Drifted features by model and day"),
        "chart_configuration": {
            "field_wells": {
                "heat_map_aggregated_field_wells": {
                    "rows": [dimension("endpoint")],
                    "columns": [dimension(DAY)],
                    "values": [measure("drifted_count", "MAX")],
                }
            }
        },
    }
    worst = {
        "visual_id": "worst-models",
        "title": title("Findings by model"),
        "chart_configuration": {
            "orientation": "HORIZONTAL",
            "field_wells": {
                "bar_chart_aggregated_field_wells": {
                    "category": [dimension("endpoint")],
                    "values": [measure("violation_count", "SUM")],
                }
            },
        },
    }
    versions = {
        "visual_id": "versions",
        "title": title("Versions side by side"),
        "chart_configuration": {
            "field_wells": {
                "table_aggregated_field_wells": {
                    "group_by": [dimension("endpoint"), dimension("version"), dimension("variant")],
                    "values": [measure("drifted_count", "AVERAGE"), measure("violation_count", "SUM")],
                }
            }
        },
    }
    visuals = [{"heat_map_visual": heat}, {"bar_chart_visual": worst}, {"table_visual": versions}]
    return {
        "data_set_identifier_declarations": [{"identifier": DATA_SET, "data_set_arn": data_set_arn}],
        "sheets": [{"sheet_id": "models", "name": "Models", "visuals": visuals}],
    }


class FleetQuickSight(pulumi.ComponentResource):
    """A QuickSight dashboard for the owners, and one for each team with its own models alone."""

    dashboard_ids: dict[str, str]

    def __init__(self, name: str, args: FleetQuickSightArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        settings = FleetQuickSightSettings.from_args(args)
        owner, teams = settings.owner_group, settings.teams
        if "database_name" not in args or "workgroup_name" not in args:
            raise ArgumentError("quicksight needs database_name and workgroup_name: those of ResultTables")
        super().__init__("model-monitoring:index:FleetQuickSight", name, {}, opts)
        self._stem, self._args, self._owner, self._hour = name, args, owner, settings.refresh_at
        self._context = look_up_context(self)
        self._account = self._context.apply(lambda place: place.account_id)
        source = _NATIVE.DataSource(
            f"{name}-results",
            aws_account_id=self._account,
            data_source_id=f"{name}-results",
            name=f"{name} results",
            type="ATHENA",
            data_source_parameters={"athena_parameters": {"work_group": args["workgroup_name"]}},
            permissions=self._permissions(owner, OWN_DATA_SOURCE),
            opts=self._child,
        )
        self.dashboard_ids = {"": self._views(source, None, owner)}
        for team, group in teams.items():
            self.dashboard_ids[team] = self._views(source, team, group)
        self.register_outputs({"dashboard_ids": self.dashboard_ids})

    @property
    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _permissions(self, group: str, actions: Sequence[str]) -> Any:
        return self._context.apply(
            lambda place: permissions(group_arn(place.partition, place.region, place.account_id, group), actions)
        )

    def _views(self, source: "native.quicksight.DataSource", team: str | None, group: str) -> str:
        """The data set of a team, its daily refresh, and the dashboard that its group sees."""
        suffix = _suffix(team)
        identifier = f"{self._stem}-runs-{suffix}"
        data_set = _NATIVE.DataSet(
            identifier,
            aws_account_id=self._account,
            data_set_id=identifier,
            name=f"{self._stem} runs {suffix}",
            import_mode="SPICE",
            physical_table_map=pulumi.Output.all(source.arn, self._args["database_name"]).apply(
                lambda found: physical_table(found[0], runs_sql(found[1], team))
            ),
            permissions=self._permissions(self._owner, OWN_DATA_SET),
            opts=self._child,
        )
        _NATIVE.RefreshSchedule(
            f"{identifier}-refresh",
            aws_account_id=self._account,
            data_set_id=data_set.data_set_id,
            schedule={
                "schedule_id": "daily",
                "refresh_type": "FULL_REFRESH",
                "schedule_frequency": {"interval": "DAILY", "time_of_the_day": self._hour, "time_zone": "UTC"},
            },
            opts=self._child,
        )
        shown = self._permissions(group, OWN_DASHBOARD if team is None else READ)
        if team is not None:
            shown = pulumi.Output.all(shown, self._permissions(self._owner, OWN_DASHBOARD)).apply(
                lambda found: [item for part in found for item in part]
            )
        _NATIVE.Dashboard(
            f"{identifier}-dashboard",
            aws_account_id=self._account,
            dashboard_id=identifier,
            name=f"{self._stem}: models" + ("" if team is None else f" of {team}"),
            definition=data_set.arn.apply(definition),
            permissions=shown,
            opts=self._child,
        )
        return identifier
