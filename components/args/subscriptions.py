"""Arguments of subscriptions to the notifications."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NotRequired, Self, TypedDict

import pulumi

from components.args.reader import ArgumentError, Reader, argument_names
from components.args.severities import SEVERITIES

# What a notification can be filtered by: its message attributes (functions/alarm_responder).
FILTERS: Final = ("severity", "state", "kind", "endpoint", "monitoring_schedule", "alarm_name")
STATES: Final = ("ALARM", "OK")
# Protocol -> what an endpoint looks like, and how to say so.
ENDPOINTS: Final[Mapping[str, tuple[str, str]]] = {
    "email": (r"[^@\s]+@[^@\s]+\.[^@\s]+", "an address such as team@example.com"),
    "email-json": (r"[^@\s]+@[^@\s]+\.[^@\s]+", "an address such as team@example.com"),
    "https": (r"https://\S+", "a URL that begins with https://"),
    "lambda": (r"arn:aws[a-z-]*:lambda:\S+", "the ARN of a function that SNS may invoke"),
    "sms": (r"\+[0-9]{6,15}", "a telephone number such as +14155550100"),
    "sqs": (r"arn:aws[a-z-]*:sqs:\S+", "the ARN of a queue that the topic may send to"),
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
        return value
    if value is None or protocol not in SECRET_PROTOCOLS:
        raise read.refuse("endpoint", f"{protocol} needs {form}")
    raise ArgumentError(f"{read.name('endpoint')} is not usable: {protocol} needs {form}")


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
        unknown = [item for item in values if key == "severity" and item not in SEVERITIES]
        if unknown:
            raise ArgumentError(f"{path} has {unknown[0]!r}: severities are {', '.join(SEVERITIES)}")
        strange = [item for item in values if key == "state" and item not in STATES]
        if strange:
            raise ArgumentError(f"{path} has {strange[0]!r}: states are {', '.join(STATES)}")
        found[str(key)] = tuple(str(item) for item in values)
    return found


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
