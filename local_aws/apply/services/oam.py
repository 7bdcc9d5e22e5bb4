"""CloudWatch's Observability Access Manager: sinks, their policies, links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.apply.reading import answer_or_none, same_text
from local_aws.apply.resource_types import Created, Existing, Found, Request, ResourceType, keys, put_again
from local_aws.apply.shapes import to_api


def _create_sink(request: Request) -> Created:
    answer = request.api("oam", "CreateSink", Name=request.inputs["name"], Tags=request.tags or None)
    outputs = {"arn": answer["Arn"], "sinkId": answer["Id"], "sinkIdentifier": answer["Arn"], "tagsAll": request.tags}
    return Created(answer["Arn"], outputs)


def _read_sink(existing: Existing) -> Found | None:
    return None if answer_or_none(existing.api, "oam", "GetSink", Identifier=existing.id) is None else Found()


def _delete_sink(existing: Existing) -> None:
    existing.api("oam", "DeleteSink", Identifier=existing.id)


def _put_policy(request: Request) -> Created:
    sink = request.inputs["sinkIdentifier"]
    answer = request.api("oam", "PutSinkPolicy", SinkIdentifier=sink, Policy=request.inputs["policy"])
    return Created(sink, {"arn": answer["SinkArn"], "sinkId": answer["SinkId"]})


def _read_policy(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "oam", "GetSinkPolicy", SinkIdentifier=existing.id)
    if answer is None or not answer.get("Policy"):
        return None
    return Found({} if same_text(answer["Policy"], existing.inputs["policy"]) else {"policy": answer["Policy"]})


def _keep_policy(_existing: Existing) -> None:
    """AWS has no operation that removes a sink's policy: it goes with the sink."""


def _link(request: Request) -> dict[str, Any]:
    return request.pick("labelTemplate", "linkConfiguration", "resourceTypes", "sinkIdentifier")


def _create_link(request: Request) -> Created:
    answer = request.api("oam", "CreateLink", **to_api("oam", "CreateLink", _link(request)), Tags=request.tags or None)
    outputs = {"arn": answer["Arn"], "linkId": answer["Id"], "label": answer["Label"], "sinkArn": answer["SinkArn"]}
    return Created(answer["Arn"], outputs | {"linkIdentifier": answer["Arn"], "tagsAll": request.tags})


def _update_link(existing: Existing, request: Request, _changed: frozenset[str]) -> Mapping[str, Any]:
    settings = {"identifier": existing.id, **request.pick("linkConfiguration", "resourceTypes")}
    existing.api("oam", "UpdateLink", **to_api("oam", "UpdateLink", settings))
    return {}


def _read_link(existing: Existing) -> Found | None:
    return None if answer_or_none(existing.api, "oam", "GetLink", Identifier=existing.id) is None else Found()


def _delete_link(existing: Existing) -> None:
    existing.api("oam", "DeleteLink", Identifier=existing.id)


TYPES = (
    ResourceType(
        kind="aws:oam/sink:Sink", inputs=keys("name tags"), create=_create_sink, delete=_delete_sink, read=_read_sink
    ),
    ResourceType(
        kind="aws:oam/sinkPolicy:SinkPolicy",
        inputs=keys("sinkIdentifier policy"),
        create=_put_policy,
        delete=_keep_policy,
        read=_read_policy,
        update=put_again(_put_policy),
    ),
    ResourceType(
        kind="aws:oam/link:Link",
        inputs=keys("labelTemplate linkConfiguration resourceTypes sinkIdentifier tags"),
        create=_create_link,
        delete=_delete_link,
        read=_read_link,
        update=_update_link,
    ),
)
