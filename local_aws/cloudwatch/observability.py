"""CloudWatch's Observability Access Manager: sinks, their policies, and links with what they let through.

Documented: a link is made in the source account, needs the sink's policy, and its filter says which namespaces of
metrics it shares (`Namespace LIKE 'A/%' OR Namespace IN ('B', 'C')`).
"""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from local_aws import seams

_TERM: Final = re.compile(r"Namespace\s+(?:(?P<op>=|LIKE)\s*'(?P<one>[^']*)'|IN\s*\((?P<many>[^)]*)\))", re.IGNORECASE)
METRICS: Final = "AWS::CloudWatch::Metric"


class ObservabilityError(Exception):
    """An answer of AWS's: its code is the exception's."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.status = code, status


@dataclass
class Sink:
    """What links are made to."""

    arn: str
    identifier: str
    name: str
    tags: dict[str, str]
    policy: str | None = None


@dataclass
class Link:
    """What an account shares."""

    arn: str
    identifier: str
    account: str
    region: str
    label: str
    label_template: str
    resource_types: list[str]
    sink_arn: str
    configuration: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)

    def lets(self, namespace: str) -> bool:
        """Whether metrics of a namespace are shared."""
        text = (self.configuration.get("MetricConfiguration") or {}).get("Filter")
        return METRICS in self.resource_types and (not text or matches(text, namespace))


def matches(text: str, namespace: str) -> bool:
    """Whether a filter of namespaces, terms with OR between them, holds for one. Raises for what is no filter."""
    terms = [_TERM.fullmatch(part.strip()) for part in re.split(r"\s+OR\s+", text.strip(), flags=re.IGNORECASE)]
    if not all(terms):
        raise ObservabilityError("InvalidParameterException", f"the filter {text!r} is not valid")
    for term in terms:
        assert term is not None  # noqa: S101 - for the type checker
        if term["many"] is not None:
            found = namespace in re.findall(r"'([^']*)'", term["many"])
        elif term["op"] == "=":
            found = namespace == term["one"]
        else:
            found = re.fullmatch(re.escape(term["one"]).replace("%", ".*"), namespace) is not None
        if found:
            return True
    return False


class Observability:
    """Answers requests to OAM, and says which accounts are linked to which."""

    def __init__(self, *, enforce: bool) -> None:
        self._enforce = enforce
        self._sinks: dict[str, Sink] = {}
        self._links: dict[str, Link] = {}

    def linked_to(self, account: str, region: str) -> list[tuple[str, Callable[[str], bool]]]:
        """The accounts whose links end at a sink of this account and region."""
        prefix = f"arn:aws:oam:{region}:{account}:"
        return [(link.account, link.lets) for link in self._links.values() if link.sink_arn.startswith(prefix)]

    async def handle(
        self, _method: str, path: str, _headers: dict[str, str], body: bytes, _query: seams.Query
    ) -> seams.Response:
        """One request: REST-JSON, an operation a path (`/CreateSink`)."""
        operation = path.strip("/").partition("/")[0]
        try:
            answer = self._answer(operation, path, json.loads(body or b"{}"))
            status = 200
        except ObservabilityError as error:
            answer, status = {"__type": error.code, "Message": str(error)}, error.status
            return (
                status,
                {"Content-Type": "application/json", "x-amzn-errortype": error.code},
                json.dumps(answer).encode(),
            )
        return status, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    def _answer(self, operation: str, path: str, data: Mapping[str, Any]) -> dict[str, Any]:
        operations: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "CreateSink": self._create_sink,
            "GetSink": lambda asked: _shown_sink(self._sink(asked["Identifier"])),
            "DeleteSink": self._delete_sink,
            "PutSinkPolicy": self._put_policy,
            "GetSinkPolicy": lambda asked: _shown_policy(self._sink(asked["SinkIdentifier"])),
            "ListSinks": lambda _: {
                "Items": [_shown_sink(sink) for sink in self._sinks.values() if _is_mine(sink.arn)]
            },
            "CreateLink": self._create_link,
            "UpdateLink": self._update_link,
            "GetLink": lambda asked: _shown_link(self._link(asked["Identifier"])),
            "DeleteLink": self._delete_link,
            "ListLinks": lambda _: {
                "Items": [_shown_link(link) for link in self._links.values() if _is_mine(link.arn)]
            },
            "ListAttachedLinks": self._attached,
        }
        if operation not in operations:
            raise ObservabilityError("InvalidParameterException", f"{operation} {path} is not served here")
        return operations[operation](data)

    def _put_policy(self, data: Mapping[str, Any]) -> dict[str, Any]:
        sink = self._sink(data["SinkIdentifier"])
        sink.policy = data["Policy"]
        return _shown_policy(sink)

    def _attached(self, data: Mapping[str, Any]) -> dict[str, Any]:
        sink = self._sink(data["SinkIdentifier"])
        attached = [link for link in self._links.values() if link.sink_arn == sink.arn]
        return {"Items": [{"LinkArn": link.arn, "Label": link.label} for link in attached]}

    def _delete_link(self, data: Mapping[str, Any]) -> dict[str, Any]:
        del self._links[self._link(data["Identifier"]).arn]
        return {}

    def _create_sink(self, data: Mapping[str, Any]) -> dict[str, Any]:
        if any(_is_mine(sink.arn) for sink in self._sinks.values()):
            raise ObservabilityError("ConflictException", "there is one sink an account and region", 409)
        identifier = str(uuid.uuid4())
        arn = f"arn:aws:oam:{seams.get_region()}:{seams.get_account_id()}:sink/{identifier}"
        sink = self._sinks[arn] = Sink(arn, identifier, data["Name"], dict(data.get("Tags") or {}))
        return _shown_sink(sink)

    def _delete_sink(self, data: Mapping[str, Any]) -> dict[str, Any]:
        sink = self._sink(data["Identifier"])
        if any(link.sink_arn == sink.arn for link in self._links.values()):
            raise ObservabilityError("ConflictException", "the sink has links; delete them first", 409)
        del self._sinks[sink.arn]
        return {}

    def _create_link(self, data: Mapping[str, Any]) -> dict[str, Any]:
        sink_arn, types = data["SinkIdentifier"], list(data["ResourceTypes"])
        sink = self._sinks.get(sink_arn)
        if sink is None:
            raise ObservabilityError("ResourceNotFoundException", f"there is no sink {sink_arn}", 404)
        account = seams.get_account_id()
        # The sink's policy has "*" for its resource: the sink that it is the policy of.
        allowed = sink.policy is not None and all(
            seams.policy_allows(sink.policy, account, "oam:CreateLink", sink.arn, keys={"oam:ResourceTypes": kind})
            for kind in types
        )
        if self._enforce and not allowed:
            raise ObservabilityError(
                "AccessDeniedException", f"the policy of {sink_arn} does not let {account} link", 403
            )
        configuration = dict(data.get("LinkConfiguration") or {})
        if text := (configuration.get("MetricConfiguration") or {}).get("Filter"):
            matches(text, "x")
        identifier = str(uuid.uuid4())
        arn = f"arn:aws:oam:{seams.get_region()}:{account}:link/{identifier}"
        template = data["LabelTemplate"]
        link = self._links[arn] = Link(
            arn, identifier, account, seams.get_region(), template.replace("$AccountName", account), template, types,
            sink_arn, configuration, dict(data.get("Tags") or {}),
        )  # fmt: skip
        return _shown_link(link)

    def _update_link(self, data: Mapping[str, Any]) -> dict[str, Any]:
        link = self._link(data["Identifier"])
        link.resource_types = list(data["ResourceTypes"])
        if "LinkConfiguration" in data:
            link.configuration = dict(data["LinkConfiguration"])
        return _shown_link(link)

    def _sink(self, identifier: str) -> Sink:
        found = self._sinks.get(identifier)
        if found is None or not _is_mine(found.arn):
            raise ObservabilityError("ResourceNotFoundException", f"there is no sink {identifier}", 404)
        return found

    def _link(self, identifier: str) -> Link:
        found = self._links.get(identifier)
        if found is None or not _is_mine(found.arn):
            raise ObservabilityError("ResourceNotFoundException", f"there is no link {identifier}", 404)
        return found


def _is_mine(arn: str) -> bool:
    return arn.split(":")[3:5] == [seams.get_region(), seams.get_account_id()]


def _shown_sink(sink: Sink) -> dict[str, Any]:
    return {"Arn": sink.arn, "Id": sink.identifier, "Name": sink.name, "Tags": sink.tags}


def _shown_policy(sink: Sink) -> dict[str, Any]:
    return {"SinkArn": sink.arn, "SinkId": sink.identifier, "Policy": sink.policy or ""}


def _shown_link(link: Link) -> dict[str, Any]:
    return {
        "Arn": link.arn,
        "Id": link.identifier,
        "Label": link.label,
        "LabelTemplate": link.label_template,
        "ResourceTypes": link.resource_types,
        "SinkArn": link.sink_arn,
        "LinkConfiguration": link.configuration,
        "Tags": link.tags,
    }
