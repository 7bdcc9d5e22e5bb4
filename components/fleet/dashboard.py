"""The dashboards of a fleet as resources."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import ArgumentError, Reader, argument_names, as_text, check_component_name
from components.fleet.dashboard_bodies import METRICS_A_SEARCH, FleetSubject, Group, bodies
from components.fleet.watch import silent_hours
from components.iam import look_up_context

_USD_A_RUN: Final = 0.02
# CloudWatch takes searches of 1,024 characters; what else stands in the longest is below the half of that.
_LONGEST_TERM: Final = 500
# A word with other signs than letters and digits: a search takes it in double quotes only.
_SIGNED_WORD: Final = r"[\w./:-]*[./:-][\w./:-]*"


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


@dataclass(frozen=True, kw_only=True)
class FleetDashboardSettings:
    """`FleetDashboardArgs`, checked and complete."""

    groups: Sequence[Group]
    alarm_arns: Sequence[pulumi.Input[str]]
    usd_a_run: float
    silent_hours: float
    findings_log_group: pulumi.Input[str] | None

    @classmethod
    def from_args(cls, args: FleetDashboardArgs, path: str = "") -> Self:
        """Check everything; ArgumentError in one line: the argument, its value, and the fix."""
        read = Reader(path, args, argument_names(FleetDashboardArgs))
        dollars = read.number("usd_a_run", _USD_A_RUN, 0.0, 1000.0)
        return cls(
            groups=_groups(read),
            alarm_arns=read.late_texts("alarm_arns", r"arn:aws[a-z-]*:cloudwatch:.+", "give ARNs of alarms"),
            usd_a_run=_USD_A_RUN if dollars is None else dollars,
            silent_hours=silent_hours(read),
            findings_log_group=read.optional_late_text(
                "findings_log_group", r"[A-Za-z0-9_/.#-]{1,512}", "the name of a log group"
            ),
        )


def _groups(read: Reader) -> list[Group]:
    """The groups that were given; all models as one where there are none."""
    given = read.raw("groups")
    path = read.name("groups")
    if given is not None and not isinstance(given, Mapping):
        raise read.refuse("groups", 'give titles and a word of their endpoints\' names, such as {"Payments": "pay"}')
    groups = [Group(title, _quoted(as_text(term))) for title, term in (given or {}).items()] or [Group("All models")]
    terms: dict[str, str] = {}
    for group in groups:
        where = f"{path}.{group.title}"
        if not isinstance(group.title, str) or not re.fullmatch(r"[^\n\r]{1,100}", group.title):
            raise ArgumentError(f"{path} has the title {group.title!r}: give 1 to 100 characters in one line")
        if not isinstance(group.term, str) or len(group.term) > _LONGEST_TERM or "\n" in group.term:
            raise ArgumentError(f"{where} is {group.term!r:.80}: give a word of at most {_LONGEST_TERM} characters")
        if "'" in group.term or group.term.count('"') % 2:
            raise ArgumentError(
                f"{where} is {group.term!r}: a search's term has no single quotes, and double ones in pairs"
            )
        if group.term in terms:
            raise ArgumentError(f"{where} is {group.term!r}, as {path}.{terms[group.term]} is: name each once")
        terms[group.term] = group.title
    monitors = read.whole("monitors", METRICS_A_SEARCH, 1, 1_000_000)
    if monitors > METRICS_A_SEARCH * len(groups):
        raise ArgumentError(
            f"{read.name('monitors')} is {monitors} and there are {len(groups)} groups: CloudWatch's search finds "
            f"{METRICS_A_SEARCH}; give at least {-(-monitors // METRICS_A_SEARCH)} groups"
        )
    return groups


def _quoted(term: Any) -> Any:
    """The term as a search takes it: `pay-prod` is `"pay-prod"`."""
    return f'"{term}"' if isinstance(term, str) and re.fullmatch(_SIGNED_WORD, term) else term


class FleetDashboard(pulumi.ComponentResource):
    """As many dashboards as CloudWatch's limits ask for; they find their models each time that somebody looks."""

    dashboard_names: list[str]
    dashboard_url: pulumi.Output[str]

    def __init__(self, name: str, args: FleetDashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        settings = FleetDashboardSettings.from_args(args)
        super().__init__("model-monitoring:index:FleetDashboard", name, {}, opts)
        plain: dict[str, Any] = {
            "name": name,
            "groups": settings.groups,
            "usd_a_run": settings.usd_a_run,
            "silent_hours": settings.silent_hours,
        }
        log_group = settings.findings_log_group
        region = look_up_context(self).apply(lambda place: place.region)
        # How many there are hangs on the groups alone, and is known before anything is deployed.
        empty = FleetSubject(region="", findings_log_group="" if log_group is None else "group", **plain)
        self.dashboard_names = list(bodies(empty))
        found = pulumi.Output.all(
            region=region, alarm_arns=list(settings.alarm_arns), findings_log_group=log_group
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
