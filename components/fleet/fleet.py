"""ModelMonitoringFleet: all monitored models of an account and of those linked to it, in one place."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi

from components.args import ArgumentError, Reader, argument_names, check_component_name, common_settings
from components.fleet.accounts import FleetCenter, FleetCenterArgs, FleetCenterSettings
from components.fleet.alarm_log import alarm_log
from components.fleet.dashboard import FleetDashboard, FleetDashboardArgs, FleetDashboardSettings
from components.fleet.quicksight import FleetQuickSight, FleetQuickSightArgs, FleetQuickSightSettings
from components.fleet.tables import ResultTables, ResultTablesArgs, ResultTablesSettings
from components.fleet.watch import FleetWatch, FleetWatchArgs, FleetWatchSettings


class ModelMonitoringFleetArgs(TypedDict):
    """What a fleet has; nothing of it names a model."""

    tables: NotRequired[ResultTablesArgs]
    """The results as tables."""
    groups: NotRequired[Mapping[str, str]]
    """Models that are shown together: see FleetDashboardArgs."""
    monitors: NotRequired[int]
    """How many monitors there may be. Default 100."""
    usd_a_run: NotRequired[float]
    """What a run of a monitor costs. Default 0.02."""
    silent_hours: NotRequired[float]
    """From so many hours without a run on a monitor is silent. Default 26."""
    drifting_share: NotRequired[float]
    """From this share of models that drift at once on it rings. Default 0.25."""
    center: NotRequired[FleetCenterArgs]
    """The other accounts that send their findings and link their metrics. Default none."""
    quicksight: NotRequired[FleetQuickSightArgs]
    """A QuickSight dashboard for people without an AWS account; it costs by reader. Default none."""
    log_retention_in_days: NotRequired[int]
    """Of the log groups. Default 30."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds every role."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key for all that can take one."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


class ModelMonitoringFleet(pulumi.ComponentResource):
    """All models on one dashboard and in one set of tables; a model that is deployed tomorrow appears by itself."""

    tables_uri: pulumi.Output[str]
    database_name: pulumi.Output[str]
    workgroup_name: pulumi.Output[str]
    dashboard_url: pulumi.Output[str]
    topic_arn: pulumi.Output[str]
    composite_alarm_name: pulumi.Output[str]
    event_bus_arn: pulumi.Output[str] | None
    """Where other accounts send their findings; None without `center`."""
    sink_arn: pulumi.Output[str] | None
    """What other accounts link their metrics to; None without `center`."""

    def __init__(self, name: str, args: ModelMonitoringFleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        _check(args)
        super().__init__("model-monitoring:index:ModelMonitoringFleet", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        given: Mapping[str, Any] = args

        def handed(*names: str, **more: Any) -> Any:
            """Pick the arguments that are given, for a part that has them by the same names."""
            return {key: given[key] for key in names if given.get(key) is not None} | more

        common = ("kms_key_arn", "tags")
        of_roles = (*common, "log_retention_in_days", "permissions_boundary_arn")
        self.tables = ResultTables(name, handed(*common, **(given.get("tables") or {})), child)
        self.center = None
        if given.get("center") is not None:
            self.center = FleetCenter(name, handed(*of_roles, **given["center"]), child)
        watch = handed(*of_roles, "silent_hours", "drifting_share", linked_accounts=self.center is not None)
        if self.center is not None:
            watch["topic_arn"] = self.center.topic_arn
        self.watch = FleetWatch(name, watch, child)
        shown = handed("groups", "monitors", "usd_a_run", "silent_hours", alarm_arns=self.watch.alarm_arns)
        if self.center is not None:
            shown["findings_log_group"] = self.center.log_group_name
        else:
            shown["findings_log_group"] = alarm_log(name, self, common_settings(handed(*of_roles)))
        self.dashboard = FleetDashboard(name, shown, child)
        if given.get("quicksight") is not None:
            read_from = {"database_name": self.tables.database_name, "workgroup_name": self.tables.workgroup_name}
            FleetQuickSight(name, handed(**given["quicksight"], **read_from), child)
        self.tables_uri = self.tables.tables_uri
        self.database_name, self.workgroup_name = self.tables.database_name, self.tables.workgroup_name
        self.dashboard_url = self.dashboard.dashboard_url
        self.topic_arn, self.composite_alarm_name = self.watch.topic_arn, self.watch.composite_alarm_name
        self.event_bus_arn = self.center.event_bus_arn if self.center else None
        self.sink_arn = self.center.sink_arn if self.center else None
        self.register_outputs(self.outputs())

    def outputs(self) -> dict[str, pulumi.Output[str] | None]:
        """What other programs and people rely on, by name."""
        return {
            "tables_uri": self.tables_uri,
            "database_name": self.database_name,
            "workgroup_name": self.workgroup_name,
            "dashboard_url": self.dashboard_url,
            "topic_arn": self.topic_arn,
            "composite_alarm_name": self.composite_alarm_name,
            "event_bus_arn": self.event_bus_arn,
            "sink_arn": self.sink_arn,
        }


def _check(args: ModelMonitoringFleetArgs) -> None:
    """Check what every part will be given, before the first resource of any. Raises ArgumentError."""
    read = Reader("", args, argument_names(ModelMonitoringFleetArgs))

    def own(part: type) -> Any:
        """Those of the arguments that a part has by the same names."""
        return {key: value for key, value in args.items() if key in argument_names(part)}

    tables: ResultTablesArgs = read.raw("tables") if read.has("tables") else {}
    ResultTablesSettings.from_args(tables)
    FleetWatchSettings.from_args(own(FleetWatchArgs))
    FleetDashboardSettings.from_args(own(FleetDashboardArgs))
    if read.has("center"):
        FleetCenterSettings.from_args(read.raw("center"))
    if read.has("quicksight"):
        FleetQuickSightSettings.from_args(read.raw("quicksight"))
        for key in ("database_name", "workgroup_name"):
            if key in args["quicksight"]:
                raise ArgumentError(f"quicksight.{key} is given: a fleet has tables of its own; remove it")
