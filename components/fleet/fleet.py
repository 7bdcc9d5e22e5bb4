"""ModelMonitoringFleet: all monitored models of an account and of those linked to it, in one place."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi

from components.args import check_component_name, common_settings
from components.fleet.accounts import FleetCenter, FleetCenterArgs, members_of
from components.fleet.alarm_log import alarm_log
from components.fleet.dashboard import FleetDashboard, groups_of
from components.fleet.quicksight import FleetQuickSight, FleetQuickSightArgs
from components.fleet.tables import ResultTables, ResultTablesArgs
from components.fleet.watch import FleetWatch


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
        groups_of(args.get("groups"), args.get("monitors", 100))
        if "center" in args:
            members_of(args["center"])
        super().__init__("model-monitoring:index:ModelMonitoringFleet", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        given: Mapping[str, Any] = args

        def handed(*names: str, **more: Any) -> Any:
            """Pick the arguments that are given, for a part that has them by the same names."""
            return {key: given[key] for key in names if key in given} | more

        common = ("kms_key_arn", "tags")
        of_roles = (*common, "log_retention_in_days", "permissions_boundary_arn")
        self.tables = ResultTables(name, handed(*common, **given.get("tables", {})), child)
        self.center = None
        if "center" in given:
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
        if "quicksight" in given:
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
