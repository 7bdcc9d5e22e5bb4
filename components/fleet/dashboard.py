"""The dashboards of a fleet as resources."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import ArgumentError, check_component_name
from components.fleet.dashboard_bodies import METRICS_A_SEARCH, FleetSubject, Group, bodies
from components.iam import look_up_context


class FleetDashboardArgs(TypedDict):
    """Which models are shown together, and what beside them."""

    groups: NotRequired[Mapping[str, str]]
    """Models that are shown together, by the group's title: a word of their endpoints' names, or of a linked account
    `:aws.AccountId="111122223333"`. A search finds 100 monitors. Default one group of all."""
    monitors: NotRequired[int]
    """How many monitors there may be; more than 100 a group are refused, since a search would leave some out. Default
    100."""
    alarm_arns: NotRequired[Sequence[pulumi.Input[str]]]
    """Alarms whose state is shown first. Default none."""
    usd_a_run: NotRequired[float]
    """What a run of a monitor costs, for the estimate. Default 0.02: docs/cost.md."""
    silent_hours: NotRequired[float]
    """The line from which on a monitor is silent. Default 26."""
    findings_log_group: NotRequired[pulumi.Input[str] | None]
    """The log group that the fleet's event bus writes alarms to; without one there is no table of their states."""


def groups_of(given: Mapping[str, str] | None, monitors: int) -> list[Group]:
    """The groups that were given.

    Raises
    ------
    ArgumentError
        If there are more monitors than their searches find.
    """
    groups = [Group(title, term) for title, term in (given or {}).items()] or [Group("All models")]
    for group in groups:
        if "'" in group.term:
            raise ArgumentError(f"groups.{group.title} is {group.term!r}: a search's term has no single quotes")
    if monitors > METRICS_A_SEARCH * len(groups):
        raise ArgumentError(
            f"monitors is {monitors} and there are {len(groups)} groups: CloudWatch's search finds {METRICS_A_SEARCH}; "
            f"give at least {-(-monitors // METRICS_A_SEARCH)} groups"
        )
    return groups


class FleetDashboard(pulumi.ComponentResource):
    """As many dashboards as CloudWatch's limits ask for; they find their models each time that somebody looks."""

    dashboard_names: list[str]
    dashboard_url: pulumi.Output[str]

    def __init__(self, name: str, args: FleetDashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        groups = groups_of(args.get("groups"), args.get("monitors", METRICS_A_SEARCH))
        super().__init__("model-monitoring:index:FleetDashboard", name, {}, opts)
        plain: dict[str, Any] = {
            "name": name,
            "groups": groups,
            "usd_a_run": args.get("usd_a_run", 0.02),
            "silent_hours": args.get("silent_hours", 26.0),
        }
        log_group = args.get("findings_log_group")
        region = look_up_context(self).apply(lambda place: place.region)
        # How many there are hangs on the groups alone, and is known before anything is deployed.
        empty = FleetSubject(region="", findings_log_group="" if log_group is None else "group", **plain)
        self.dashboard_names = list(bodies(empty))
        found = pulumi.Output.all(
            region=region, alarm_arns=list(args.get("alarm_arns") or []), findings_log_group=log_group
        ).apply(lambda known: bodies(FleetSubject(**plain, **known)))
        for dashboard in self.dashboard_names:
            aws.cloudwatch.Dashboard(
                f"{name}-dashboard-{dashboard.removeprefix(f'{name}-')}",
                dashboard_name=dashboard,
                dashboard_body=found.apply(_body_of(dashboard)),
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        self.dashboard_url = region.apply(lambda place: naming.dashboard_url(place, self.dashboard_names[0]))
        self.register_outputs({"dashboard_names": self.dashboard_names, "dashboard_url": self.dashboard_url})


def _body_of(name: str) -> Any:
    return lambda found: json.dumps(found[name])
