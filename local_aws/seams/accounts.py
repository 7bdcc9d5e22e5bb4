"""More than one account: who is their administrator, and what reaches from one into another.

ministack keeps the state of accounts apart. What it lacks of the ways between them is here: events to another account's
bus under its policy, metrics of linked accounts, the organisation that an account is in, and the role by which a new
account is administered.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

import ministack.app as _gateway
import ministack.core.iam_actions as _iam_actions
import ministack.core.iam_evaluator as _iam
import ministack.core.router as _router
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudwatch as _cloudwatch
from ministack.services import cloudwatch_logs as _logs
from ministack.services import eventbridge as _eventbridge
from ministack.services import iam as _iam_service

from local_aws.seams.iam import close_role_session, find_role, open_role_session, refusal
from local_aws.seams.requests import Handler

# What AWS Organizations makes in an account that it creates.
ACCESS_ROLE: Final = "OrganizationAccountAccessRole"
_EVERYTHING: Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_NOT_FOUND: Final = "ResourceNotFoundException"


def open_account(account: str, region: str, parent: str) -> dict[str, str]:
    """Credentials of the access role of an account, as environment variables; the role is made when it is missing.
    `parent` is the account that may assume it.
    """
    arn = f"arn:aws:iam::{account}:role/{ACCESS_ROLE}"
    with request_scope(account, region):
        if find_role(arn) is None:
            trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{parent}:root"}, "Action": "sts:AssumeRole"}
            document = {"Version": "2012-10-17", "Statement": [trust]}
            _iam_service._create_role({"RoleName": [ACCESS_ROLE], "AssumeRolePolicyDocument": [json.dumps(document)]})
            _iam_service._put_role_policy(
                {
                    "RoleName": [ACCESS_ROLE],
                    "PolicyName": ["AdministratorAccess"],
                    "PolicyDocument": [json.dumps(_EVERYTHING)],
                }
            )
        return open_role_session(arn, "administrator")


def set_organization(organization_of: Callable[[str], str | None]) -> None:
    """Take `aws:PrincipalOrgID` of an account from `organization_of(account)`."""
    _iam._principal_org_id = organization_of


def organization_id() -> str:
    """A new organisation's identifier."""
    return f"o-{secrets.token_hex(5)}"


def serve_observability(handler: Handler) -> None:
    """Route everything that is signed for CloudWatch's Observability Access Manager to `handler`."""
    _gateway.SERVICE_HANDLERS["oam"] = handler
    _router.SERVICE_PATTERNS["oam"] = {"target_prefixes": [], "host_patterns": [r"oam\."], "credential_scope": "oam"}
    _iam_actions.SERVICE_TO_IAM_NAMESPACE["oam"] = "oam"


def policy_allows(
    policy: str, account: str, action: str, resource: str, *, keys: Mapping[str, str] | None = None, arn: str = ""
) -> bool:
    """Whether a resource's policy lets an account do something; `keys` are condition keys of the service."""
    context = _iam.EvalContext(
        principal_arn=arn or f"arn:aws:iam::{account}:root",
        principal_type="AssumedRole" if arn else "Root",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=get_region(),
        service_context={key.lower(): value for key, value in (keys or {}).items()},
    )
    return bool(_iam.evaluate_resource_policy(policy, context).decision == "Allow")


def reach_buses_of_other_accounts(*, enforce: bool) -> None:
    """Let PutEvents and rules reach a bus of another account, where its policy and the sender's role allow that; and
    let rules write to log groups. A bus's policy is what PutPermission was given.
    """
    put, invoke, permit = _eventbridge._put_events, _eventbridge._invoke_target, _eventbridge._put_permission

    def put_permission(data: Mapping[str, Any]) -> Any:
        """A whole policy, which ministack takes for leave to everybody."""
        answer = permit(data)
        if data.get("Policy"):
            _eventbridge._event_bus_policies[data.get("EventBusName", "default")] = json.loads(data["Policy"])
        return answer

    def put_events(data: Mapping[str, Any], allow_aws_source: bool = False) -> Any:
        entries = list(data.get("Entries", []))
        foreign = [i for i, entry in enumerate(entries) if _is_foreign_bus(str(entry.get("EventBusName", "")))]
        if not foreign:
            return put(data, allow_aws_source)
        own = [entry for i, entry in enumerate(entries) if i not in foreign]
        answers = json.loads(put({"Entries": own}, allow_aws_source)[2])["Entries"] if own else []
        results = []
        for i, entry in enumerate(entries):
            results.append(_put_elsewhere(entry, enforce=enforce) if i in foreign else answers.pop(0))
        failed = sum(1 for result in results if "ErrorCode" in result)
        return _eventbridge.json_response({"FailedEntryCount": failed, "Entries": results})

    def invoke_target(
        target: Mapping[str, Any], event: dict[str, Any], rule: Mapping[str, Any], view: Any = None
    ) -> None:
        arn = str(target.get("Arn", ""))
        if _is_foreign_bus(arn):
            _forward(target, event, enforce=enforce)
        elif ":logs:" in arn:
            _write_log(arn, event, view or _eventbridge._pattern_event_view(event))
        else:
            invoke(target, event, rule, view)

    _eventbridge._put_permission = put_permission
    _eventbridge._put_events = put_events
    _eventbridge._invoke_target = invoke_target


def _is_foreign_bus(arn: str) -> bool:
    parts = arn.split(":", 5)
    return (
        len(parts) == 6 and parts[2] == "events" and parts[5].startswith("event-bus/") and parts[4] != get_account_id()
    )


def _put_elsewhere(entry: Mapping[str, Any], *, enforce: bool) -> dict[str, Any]:
    event = {
        "EventId": _eventbridge.new_uuid(),
        "Source": entry.get("Source", ""),
        "DetailType": entry.get("DetailType", ""),
        "Detail": entry.get("Detail", "{}"),
        "Time": int(_eventbridge._now_ts()),
        "Resources": entry.get("Resources", []),
        "Account": get_account_id(),
        "Region": get_region(),
    }
    if str(event["Source"]).startswith("aws."):
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
    problem = _deliver(str(entry["EventBusName"]), event, enforce=enforce)
    return {"ErrorCode": problem[0], "ErrorMessage": problem[1]} if problem else {"EventId": event["EventId"]}


def _forward(target: Mapping[str, Any], event: dict[str, Any], *, enforce: bool) -> None:
    """A rule's target: under the target's role, which may put events on that bus, and the bus lets its account."""
    role, bus = str(target.get("RoleArn") or ""), str(target["Arn"])
    session = open_role_session(role, "events") if role else {}
    try:
        key = session.get("AWS_ACCESS_KEY_ID", "")
        if enforce and (not key or refusal(key, "events:PutEvents", bus, {}) is not None):
            return
        _deliver(bus, dict(event), enforce=enforce, arn=role)
    finally:
        if session:
            close_role_session(session["AWS_ACCESS_KEY_ID"])


def _deliver(bus: str, event: dict[str, Any], *, enforce: bool, arn: str = "") -> tuple[str, str] | None:
    """Put an event on another account's bus; why not, if not."""
    _, _, _, region, owner, resource = bus.split(":", 5)
    name = resource.split("/", 1)[1]
    policy = _eventbridge._event_bus_policies.get_scoped(owner, region, name)
    keys = {"events:source": str(event["Source"]), "events:detail-type": str(event["DetailType"])}
    sender = get_account_id()
    if _eventbridge._event_buses.get_scoped(owner, region, name) is None:
        return _NOT_FOUND, f"Event bus {name} does not exist."
    text = policy if isinstance(policy, str) else json.dumps(policy or {})
    if enforce and not policy_allows(text, sender, "events:PutEvents", bus, keys=keys, arn=arn):
        return "AccessDeniedException", f"no resource-based policy allows the events:PutEvents action on {bus}"
    with request_scope(owner, region):
        _eventbridge._dispatch_event({**event, "EventBusName": name})
    return None


def _write_log(arn: str, event: Mapping[str, Any], view: Any) -> None:
    """A log group as a rule's target: one event a line, in a stream of its own."""
    group = (
        arn.split(":", 6)[6].removeprefix("log-group:").removesuffix(":*") if arn.count(":") > 6 else arn.split(":")[6]
    )
    stream = str(event["EventId"])
    _logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
    line = {"timestamp": int(event["Time"]) * 1000, "message": json.dumps(view.event_with_detail())}
    _logs._put_log_events({"logGroupName": group, "logStreamName": stream, "logEvents": [line]})


def read_linked_metrics(linked_to: Callable[[str, str], list[tuple[str, Callable[[str], bool]]]]) -> None:
    """Let a monitoring account list and read metrics of the accounts that are linked to it.

    `linked_to(account, region)` are the linked accounts, each with whether its link lets a namespace through.
    """
    list_own, read_own = _cloudwatch._list_metrics, _cloudwatch._get_metric_data

    def list_metrics(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        answer = list_own(params, data, is_cbor, is_json)
        if not is_json or not data.get("IncludeLinkedAccounts"):
            return answer
        found = [(get_account_id(), item) for item in json.loads(answer[2])["Metrics"]]
        for account, lets in linked_to(get_account_id(), get_region()):
            with request_scope(account, get_region()):
                other = json.loads(list_own(params, data, is_cbor, is_json)[2])["Metrics"]
            found += [(account, item) for item in other if lets(item["Namespace"])]
        wanted = data.get("OwningAccount")
        found = [(account, item) for account, item in found if wanted in (None, account)]
        body = {"Metrics": [item for _, item in found], "OwningAccounts": [account for account, _ in found]}
        return _cloudwatch._json_ok(body)

    def get_metric_data(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        queries = data.get("MetricDataQueries", []) if is_json else []
        owners = {query.get("AccountId") or get_account_id() for query in queries}
        if owners <= {get_account_id()}:
            return read_own(params, data, is_cbor, is_json)
        links = dict(linked_to(get_account_id(), get_region()))
        results: list[dict[str, Any]] = []
        for owner in sorted(owners):
            own = [query for query in queries if (query.get("AccountId") or get_account_id()) == owner]
            if owner != get_account_id():
                own = [q for q in own if owner in links and links[owner](q["MetricStat"]["Metric"]["Namespace"])]
            with request_scope(owner, get_region()):
                answer = read_own(params, {**data, "MetricDataQueries": own}, is_cbor, is_json)
            results += json.loads(answer[2])["MetricDataResults"]
        known = {result["Id"] for result in results}
        results += [
            {"Id": query["Id"], "Label": query["Id"], "StatusCode": "Forbidden", "Timestamps": [], "Values": []}
            for query in queries
            if query["Id"] not in known
        ]
        return _cloudwatch._json_ok({"MetricDataResults": results})

    _cloudwatch._list_metrics = list_metrics
    _cloudwatch._get_metric_data = get_metric_data
