"""Arguments of alarms and notifications."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired, Self, TypedDict

import pulumi

from components.args.bounds import number
from components.args.quiet_hours import QuietHours, QuietHoursArgs, quiet_hours
from components.args.reader import ArgumentError, Reader, argument_names
from components.args.severities import (
    SEVERITIES,
    WARNING,
    SeverityThresholdsArgs,
    Threshold,
    check_look_back,
    thresholds,
)
from components.args.subscriptions import EMAIL, Subscription, SubscriptionArgs, subscriptions


class AlertingArgs(TypedDict):
    """Who is told, and from when on."""

    emails: NotRequired[Sequence[pulumi.Input[str]]]
    """Addresses that are told of alarms; each must confirm its subscription. Default none."""
    subscriptions: NotRequired[Sequence[SubscriptionArgs]]
    """Others who are told: HTTPS endpoints, queues, functions, telephones. Default none."""
    violations_threshold: NotRequired[int]
    """Violations in one run that raise the warning; short for `violations.warning.threshold`. Default 1."""
    violations: NotRequired[SeverityThresholdsArgs]
    """Alarms on violations, by severity. Default a warning from one violation on."""
    job_failures: NotRequired[SeverityThresholdsArgs]
    """Alarms on monitoring jobs that failed, by severity. Default a warning from one failed job on."""
    quiet_hours: NotRequired[Sequence[QuietHoursArgs]]
    """Hours in which nobody is told of warnings. Default none."""
    notify_on_ok: NotRequired[bool]
    """Tell of an alarm's end as well: one message an episode, one at its end. Default true."""
    runbook_url: NotRequired[pulumi.Input[str]]
    """Where people read docs/operations.md, or what they made of it with the same headings: each message links to its
    section there. Default none: it names the section."""


@dataclass(frozen=True, kw_only=True)
class AlertingSettings:
    """`AlertingArgs`, checked and complete. Thresholds are the mildest first."""

    emails: tuple[pulumi.Input[str], ...]
    subscriptions: tuple[Subscription, ...]
    violations: tuple[Threshold, ...]
    job_failures: tuple[Threshold, ...]
    quiet_hours: tuple[QuietHours, ...]
    notify_on_ok: bool
    runbook_url: pulumi.Input[str] | None = None

    @classmethod
    def from_args(cls, args: AlertingArgs, path: str = "alerting") -> Self:
        read = Reader(path, args, argument_names(AlertingArgs))
        if read.has("violations_threshold") and read.has("violations"):
            raise ArgumentError(
                f"{read.name('violations_threshold')} is given with {read.name('violations')}: remove one of the two"
            )
        fewest = Threshold(severity=WARNING, threshold=number(read, "violations_threshold", 1, "alerting.threshold"))
        found = cls(
            emails=email_addresses(read),
            subscriptions=subscriptions(read.raw("subscriptions"), read.name("subscriptions")),
            violations=thresholds(read.raw("violations"), read.name("violations"), (fewest,)),
            job_failures=thresholds(
                read.raw("job_failures"), read.name("job_failures"), (Threshold(severity=WARNING),)
            ),
            quiet_hours=quiet_hours(read.raw("quiet_hours"), read.name("quiet_hours")),
            notify_on_ok=read.flag("notify_on_ok", True),
            runbook_url=read.optional_late_text(
                "runbook_url",
                r"https?://[^\s#]{1,142}",
                "a URL of at most 150 characters without #, such as https://wiki/runbook",
            ),
        )
        for given in found.job_failures:
            if given.effect is not None:
                raise ArgumentError(
                    f"{read.name('job_failures')}.{given.severity}.effect is given: a job that failed has none; give a "
                    "threshold"
                )
        addresses = [email.lower() for email in found.emails if isinstance(email, str)]
        for index, item in enumerate(found.subscriptions):
            if item.protocol == "email" and isinstance(item.endpoint, str) and item.endpoint.lower() in addresses:
                raise ArgumentError(
                    f"{read.name('subscriptions')}[{index}] is {item.endpoint!r}, which {read.name('emails')} has too: "
                    "SNS has one subscription for an address; name it in one of the two"
                )
            _check_filter(item, f"{read.name('subscriptions')}[{index}].filter_policy", found)
        for index, quiet in enumerate(found.quiet_hours):
            missing = [severity for severity in quiet.severities if severity not in found.severities]
            if missing:
                raise ArgumentError(
                    f"{read.name('quiet_hours')}[{index}].severities has {missing[0]!r}: there is no such alarm; "
                    "give it a threshold in violations or job_failures, or leave it out here"
                )
        return found

    def check_runs(self, hours_between_runs: Mapping[str, int]) -> None:
        """Refuse more runs in a row than CloudWatch can look back upon; hours by kind of monitor.

        Raises
        ------
        ArgumentError
            With how many there may be.
        """
        for kind, hours in hours_between_runs.items():
            check_look_back(self.violations, "alerting.violations", kind, hours)
            check_look_back(self.job_failures, "alerting.job_failures", kind, hours)

    def check_filters(self, absent: Mapping[str, str], endpoint: pulumi.Input[str] | None, path: str) -> None:
        """Refuse a subscription that asks only for what this stack never tells of; `absent`: by kind of message, why
        there is none; `endpoint`: the name of the one that is watched, if it is known. Raises ArgumentError.
        """
        for index, item in enumerate(self.subscriptions):
            where = f"{path}.subscriptions[{index}].filter_policy"
            kinds, endpoints = item.filter_policy.get("kind", ()), item.filter_policy.get("endpoint", ())
            reasons = [absent.get(kind) for kind in kinds]
            if reasons and all(reasons):
                raise ArgumentError(f"{where}.kind has only {', '.join(kinds)}, and lets none through: {reasons[0]}")
            if endpoints and isinstance(endpoint, str) and endpoint not in endpoints:
                raise ArgumentError(f"{where}.endpoint has only {', '.join(endpoints)}: this stack watches {endpoint}")

    @property
    def asks_for_effect(self) -> bool:
        """Whether an alarm listens to how large the largest effect is, which then has a metric."""
        return any(item.effect is not None for item in self.violations)

    @property
    def severities(self) -> tuple[str, ...]:
        """The severities that any alarm has, the mildest first."""
        there = {item.severity for item in (*self.violations, *self.job_failures)}
        return tuple(severity for severity in SEVERITIES if severity in there)


def _check_filter(item: Subscription, path: str, settings: AlertingSettings) -> None:
    """A filter that lets through only what is never sent leaves somebody untold, and nobody notices."""
    severities, states = item.filter_policy.get("severity"), item.filter_policy.get("state")
    if severities and not set(severities) & set(settings.severities):
        raise ArgumentError(
            f"{path}.severity has only {', '.join(severities)}: there is no such alarm; give it a threshold in "
            "violations or job_failures"
        )
    if states == ("OK",) and not settings.notify_on_ok:
        raise ArgumentError(f"{path}.state has only OK, of which nobody is told: set notify_on_ok to true")


def email_addresses(read: Reader) -> tuple[pulumi.Input[str], ...]:
    """The list `emails`: addresses that there may be, each once. Raises ArgumentError."""
    emails = read.listed("emails", "a list of addresses")
    for email in emails:
        if not isinstance(email, pulumi.Output) and not re.fullmatch(EMAIL, str(email)):
            raise ArgumentError(f"{read.name('emails')} has {email!r}: write an address such as team@example.com")
    known = [email.lower() for email in emails if isinstance(email, str)]
    twice = sorted({email for email in known if known.count(email) > 1})
    if twice:
        raise ArgumentError(f"{read.name('emails')} has {twice[0]!r} twice: name each address once")
    return emails
