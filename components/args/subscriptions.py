"""Arguments of subscriptions to the notifications."""

import difflib
import ipaddress
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NotRequired, Self, TypedDict
from urllib.parse import urlsplit

import pulumi

from components.args.reader import ArgumentError, Reader, argument_names
from components.args.severities import SEVERITIES
from contract.notification_kinds import KINDS_OF_MESSAGES

_LOCAL: Final = r"(?=[^@]{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL: Final = rf"(?=.{{3,254}}$){_LOCAL}@(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])"
"""An address that a server of mail may take."""
# They take messages of their own form only; SNS can neither write that nor confirm itself there.
_CHATS: Final = (
    "hooks.slack.com",
    "discord.com",
    "discordapp.com",
    "outlook.office.com",
    "outlook.office365.com",
    "webhook.office.com",
    "chat.googleapis.com",
)

# What a notification can be filtered by: its message attributes (functions/alarm_responder).
FILTERS: Final = ("severity", "state", "kind", "endpoint", "monitoring_schedule", "alarm_name")
STATES: Final = ("ALARM", "OK")
# By attribute: the values that there are, or what one looks like.
_VALUES: Final[Mapping[str, tuple[str, ...]]] = {"severity": SEVERITIES, "state": STATES, "kind": KINDS_OF_MESSAGES}
_NAMES: Final[Mapping[str, str]] = {
    "endpoint": r"[A-Za-z0-9-]{1,63}",
    "monitoring_schedule": r"[A-Za-z0-9-]{1,63}",
    "alarm_name": r".{1,255}",
}
# SNS's own limits of a filter policy.
_MOST_ATTRIBUTES: Final = 5
_MOST_COMBINATIONS: Final = 150
# Protocol -> what an endpoint looks like, and how to say so.
ENDPOINTS: Final[Mapping[str, tuple[str, str]]] = {
    "email": (EMAIL, "an address such as team@example.com"),
    "email-json": (EMAIL, "an address such as team@example.com"),
    "https": (r"https://\S+", "a URL that begins with https://"),
    "lambda": (
        r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_:$-]+",
        "the ARN of a function that SNS may invoke",
    ),
    "sms": (r"\+[0-9]{6,15}", "a telephone number such as +14155550100"),
    "sqs": (
        r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}",
        "the ARN of a queue that the topic may send to, no FIFO one",
    ),
}
# Whoever has such a URL can ring: the key is in it.
SECRET_PROTOCOLS: Final = ("https",)
RAW_PROTOCOLS: Final = ("https", "sqs")


class SubscriptionArgs(TypedDict):
    """Somebody else who is told: PagerDuty, Opsgenie or a chat through HTTPS, a queue, a function, a telephone."""

    protocol: str
    """`https`, `email`, `email-json`, `sms`, `sqs` or `lambda`."""
    endpoint: pulumi.Input[str]
    """URL, address, number or ARN. A URL is kept as a secret, whether or not it is given as one: the key is in it."""
    name: NotRequired[str]
    """What the subscription is called. Without it goes by its place in the list, and those behind one that is removed
    are made anew."""
    filter_policy: NotRequired[Mapping[str, Sequence[str]]]
    """Which notifications: attribute and the values that are let through, such as `{"severity": ["critical"]}`. The
    attributes are `severity`, `state`, `kind`, `endpoint`, `monitoring_schedule`, `alarm_name`. Default all."""
    raw_message_delivery: NotRequired[bool]
    """The message alone, without SNS's JSON around it; `https` and `sqs` only. Default false."""
    endpoint_auto_confirms: NotRequired[bool]
    """An `https` endpoint answers SNS's request to confirm by itself, as PagerDuty's does; the deployment waits for it.
    Default false: the subscription stays pending until somebody confirms it."""


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """`SubscriptionArgs`, checked and complete."""

    protocol: str
    endpoint: pulumi.Input[str]
    name: str
    filter_policy: Mapping[str, tuple[str, ...]]
    raw_message_delivery: bool
    endpoint_auto_confirms: bool

    @property
    def secret(self) -> bool:
        """Whether the endpoint must not be read by everybody who may read the stack's state."""
        return self.protocol in SECRET_PROTOCOLS or isinstance(self.endpoint, pulumi.Output)

    @classmethod
    def from_args(cls, args: SubscriptionArgs, path: str, index: int) -> Self:
        read = Reader(path, args, argument_names(SubscriptionArgs))
        protocol = read.choice("protocol", None, list(ENDPOINTS))
        for key, protocols in (("raw_message_delivery", RAW_PROTOCOLS), ("endpoint_auto_confirms", SECRET_PROTOCOLS)):
            if read.flag(key, False) and protocol not in protocols:
                raise read.refuse(key, f"{protocol} knows nothing of it; remove it, or use {' or '.join(protocols)}")
        return cls(
            protocol=protocol,
            endpoint=_endpoint(read, protocol),
            name=read.text("name", str(index), r"[a-z0-9][a-z0-9-]{0,40}", "up to 41 lower-case letters, digits and -"),
            filter_policy=_filter_policy(read),
            raw_message_delivery=read.flag("raw_message_delivery", False),
            endpoint_auto_confirms=read.flag("endpoint_auto_confirms", False),
        )


def _endpoint(read: Reader, protocol: str) -> pulumi.Input[str]:
    """The endpoint; what is wrong with a secret one is said without repeating it."""
    value = read.raw("endpoint")
    pattern, form = ENDPOINTS[protocol]
    if isinstance(value, pulumi.Output) or (isinstance(value, str) and re.fullmatch(pattern, value)):
        problem = _host_problem(value) if protocol == "https" and isinstance(value, str) else None
        if problem is not None:
            raise ArgumentError(f"{read.name('endpoint')} is not usable: {problem}")
        return value
    if value is None or protocol not in SECRET_PROTOCOLS:
        raise read.refuse("endpoint", f"{protocol} needs {form}")
    raise ArgumentError(f"{read.name('endpoint')} is not usable: {protocol} needs {form}")


def _host_problem(url: str) -> str | None:
    """Why SNS could tell nobody at this URL; None if nothing is known against it. Of the URL only the host is said."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return "it is no URL"
    if any(host == chat or host.endswith(f".{chat}") for chat in _CHATS):
        return f"{host} takes no messages of SNS's form; send them through Amazon Q in chat applications"
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return f"SNS cannot reach {host}; give an address that the internet knows"
    try:
        is_inside = not ipaddress.ip_address(host).is_global
    except ValueError:
        return (
            None if re.fullmatch(rf"(?:{_LABEL}\.)+{_LABEL}", host) else "its host is no name that the internet knows"
        )
    return f"SNS cannot reach {host}; give an address that the internet knows" if is_inside else None


def _filter_policy(read: Reader) -> Mapping[str, tuple[str, ...]]:
    value = read.raw("filter_policy")
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not value:
        raise read.refuse("filter_policy", 'must be a dictionary such as {"severity": ["critical"]}')
    found = {}
    for key, values in value.items():
        path = f"{read.name('filter_policy')}.{key}"
        if key not in FILTERS:
            near = difflib.get_close_matches(str(key), FILTERS, n=1)
            fix = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(FILTERS)}"
            raise ArgumentError(f"{path} is no attribute of a notification, and would let none through: {fix}")
        if not isinstance(values, Sequence) or isinstance(values, str) or not values:
            raise ArgumentError(f"{path} is {values!r}: must be a list of the values that are let through")
        for item in values:
            _check_value(path, str(key), item)
        found[str(key)] = tuple(values)
    if len(found) > _MOST_ATTRIBUTES or math.prod(map(len, found.values())) > _MOST_COMBINATIONS:
        raise read.refuse(
            "filter_policy", f"SNS takes {_MOST_ATTRIBUTES} attributes and {_MOST_COMBINATIONS} combinations of values"
        )
    return found


def _check_value(path: str, key: str, item: object) -> None:
    """Refuse a value that no notification has."""
    if key in _VALUES and item not in _VALUES[key]:
        raise ArgumentError(f"{path} has {item!r}: there are {', '.join(_VALUES[key])}")
    if key in _NAMES and not (isinstance(item, str) and re.fullmatch(_NAMES[key], item)):
        raise ArgumentError(f"{path} has {item!r}, which is no name that AWS takes, and would let none through")


def subscriptions(args: object, path: str) -> tuple[Subscription, ...]:
    """A list of subscriptions whose names differ."""
    if args is None:
        return ()
    if not isinstance(args, Sequence) or isinstance(args, str):
        raise ArgumentError(f"{path} must be a list of subscriptions with protocol and endpoint")
    found = tuple(Subscription.from_args(item, f"{path}[{index}]", index) for index, item in enumerate(args))
    names = [item.name for item in found]
    for name in names:
        if names.count(name) > 1:
            raise ArgumentError(f"{path} has the name {name!r} twice: rename one")
    told: dict[tuple[str, str], int] = {}
    for index, item in enumerate(found):
        if isinstance(item.endpoint, str):
            first = told.setdefault((item.protocol, item.endpoint), index)
            if first != index:
                raise ArgumentError(
                    f"{path}[{index}] is {path}[{first}] again: SNS has one subscription for an endpoint; put the "
                    "filters into one"
                )
    return found
