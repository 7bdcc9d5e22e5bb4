"""Arguments of alarms and notifications."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NotRequired, Self, TypedDict

import pulumi

from components.args.reader import ArgumentError, Reader, argument_names


class AlertingArgs(TypedDict):
    """Who is told, and from when on."""

    emails: NotRequired[Sequence[pulumi.Input[str]]]
    """Addresses that are told of alarms; each must confirm its subscription. Default none."""
    violations_threshold: NotRequired[int]
    """Violations in one run that raise the alarm. Default 1."""
    notify_on_ok: NotRequired[bool]
    """Tell of an alarm's end as well. Default false."""


@dataclass(frozen=True, kw_only=True)
class AlertingSettings:
    """`AlertingArgs`, checked and complete."""

    emails: tuple[pulumi.Input[str], ...]
    violations_threshold: int
    notify_on_ok: bool

    @classmethod
    def from_args(cls, args: AlertingArgs, path: str = "alerting") -> Self:
        read = Reader(path, args, argument_names(AlertingArgs))
        emails = read.raw("emails") or ()
        if not isinstance(emails, Sequence) or isinstance(emails, str):
            raise read.refuse("emails", "must be a list of addresses")
        for email in emails:
            if not isinstance(email, pulumi.Output) and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", str(email)):
                raise ArgumentError(f"{read.name('emails')} has {email!r}: write an address such as team@example.com")
        return cls(
            emails=tuple(emails),
            violations_threshold=read.whole("violations_threshold", 1, 1, 1_000_000),
            notify_on_ok=read.flag("notify_on_ok", False),
        )
