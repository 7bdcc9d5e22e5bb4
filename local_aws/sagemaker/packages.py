"""Model package groups and packages: versions, approval, and the event that tells of it.

Source: API reference, CreateModelPackage, UpdateModelPackage; developer guide, "Events that Amazon SageMaker AI sends
to Amazon EventBridge", "SageMaker Model Package State Change".
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from local_aws import seams, validation
from local_aws.clock import VirtualClock, iso
from local_aws.sagemaker import listing
from local_aws.sagemaker.errors import AwsError, invalid
from local_aws.sagemaker.store import Document, Scope, Store

GROUP, PACKAGE = "model-package-group", "model-package"
Operation = Callable[[Scope, dict[str, Any], Mapping[str, str]], dict[str, Any]]
_IN_EVENTS = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageStatus",
    "ModelPackageStatusDetails",
    "ModelApprovalStatus",
    "CreationTime",
    "InferenceSpecification",
    "ModelMetrics",
)
_KEPT = ("ModelApprovalStatus", "ApprovalDescription", "InferenceSpecification", "ModelLifeCycle", "SourceUri")


class ModelPackages:
    """The model registry of all accounts."""

    def __init__(self, clock: VirtualClock, store: Store, *, duplicate_events: bool) -> None:
        self._clock, self._store, self._twice = clock, store, duplicate_events

    def operations(self) -> dict[str, Operation]:
        """The operations by name."""
        return {
            "CreateModelPackageGroup": self._create_group,
            "DescribeModelPackageGroup": self._describe_group,
            "ListModelPackageGroups": self._list_groups,
            "DeleteModelPackageGroup": self._delete_group,
            "CreateModelPackage": self._create,
            "DescribeModelPackage": self._describe,
            "UpdateModelPackage": self._update,
            "ListModelPackages": self._list,
            "DeleteModelPackage": self._delete,
        }

    def _create_group(self, scope: Scope, parameters: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        name, now = parameters["ModelPackageGroupName"], self._clock.now()
        with self._store.lock:
            if self._store.find(scope, GROUP, name):
                raise invalid(f"Model Package Group already exists: {scope.arn(GROUP, name)}")
            group = Document(scope, GROUP, name, parameters, now, now)
            group.state.update(ModelPackageGroupStatus="Completed", CreatedBy=_user(headers), _versions=0)
            self._store.add(group)
        return {"ModelPackageGroupArn": group.arn}

    def _describe_group(self, scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        return self._group_answer(self._group(scope, parameters["ModelPackageGroupName"]))

    def _list_groups(self, scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        rows = [self._group_answer(group) for group in self._store.all(scope, GROUP)]
        filters = listing.Filters(name="ModelPackageGroupName", status="ModelPackageGroupStatus")
        return listing.page(
            _summaries(rows, "ModelPackageGroupSummary"), parameters, "ModelPackageGroupSummaryList", filters
        )

    def _delete_group(self, scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        group = self._group(scope, parameters["ModelPackageGroupName"])
        if any(each.request["ModelPackageGroupName"] == group.name for each in self._store.all(scope, PACKAGE)):
            raise AwsError("ConflictException", f"Model Package Group {group.arn} cannot be deleted: it has packages.")
        self._store.remove(group)
        return {}

    def _create(self, scope: Scope, parameters: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        if "ModelPackageGroupName" not in parameters:
            raise invalid("only versioned model packages, of a ModelPackageGroupName, are kept here")
        parameters["ModelPackageGroupName"] = parameters["ModelPackageGroupName"].rpartition("/")[2]
        with self._store.lock:
            group = self._group(scope, parameters["ModelPackageGroupName"])
            group.state["_versions"] += 1
            version, now = group.state["_versions"], self._clock.now()
            package = Document(scope, PACKAGE, f"{group.name}/{version}", parameters, now, now)
            package.state.update(
                ModelPackageVersion=version,
                ModelPackageStatus="Completed",
                ModelPackageStatusDetails={"ValidationStatuses": [], "ImageScanStatuses": []},
                ModelApprovalStatus=parameters.get("ModelApprovalStatus", "PendingManualApproval"),
                CreatedBy=_user(headers),
            )
            self._store.add(package)
        self._announce(package, [])
        return {"ModelPackageArn": package.arn}

    def _describe(self, scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        return self._answer(self._package(scope, parameters["ModelPackageName"]))

    def _update(self, scope: Scope, parameters: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        with self._store.lock:
            package = self._package(scope, parameters["ModelPackageArn"])
            changed = [name for name in _KEPT if name in parameters]
            package.state.update({name: parameters[name] for name in changed})
            if "CustomerMetadataProperties" in parameters or "CustomerMetadataPropertiesToRemove" in parameters:
                kept = package.request.get("CustomerMetadataProperties", {}) | package.state.get(
                    "CustomerMetadataProperties", {}
                )
                kept |= parameters.get("CustomerMetadataProperties", {})
                gone = parameters.get("CustomerMetadataPropertiesToRemove", [])
                package.state["CustomerMetadataProperties"] = {k: v for k, v in kept.items() if k not in gone}
                changed.append("CustomerMetadataProperties")
            package.modified = self._clock.now()
            package.state["LastModifiedBy"] = _user(headers)
            package.state["LastModifiedTime"] = package.modified
        self._announce(package, changed)
        return {"ModelPackageArn": package.arn}

    def _list(self, scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        group = (parameters.get("ModelPackageGroupName") or "").rpartition("/")[2]
        rows = [
            self._answer(package)
            for package in self._store.all(scope, PACKAGE)
            if not group or package.request["ModelPackageGroupName"] == group
        ]
        wanted = parameters.get("ModelApprovalStatus")
        rows = [row for row in rows if wanted is None or row["ModelApprovalStatus"] == wanted]
        rows.sort(key=lambda row: row["ModelPackageVersion"], reverse=parameters.get("SortOrder") != "Ascending")
        members = _summaries(rows, "ModelPackageSummary")
        return {"ModelPackageSummaryList": members[: parameters.get("MaxResults", 100)]}

    def _delete(self, scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        self._store.remove(self._package(scope, parameters["ModelPackageName"]))
        return {}

    def _group(self, scope: Scope, name: str) -> Document:
        return self._store.get(scope, GROUP, name.rpartition("/")[2], invalid)

    def _package(self, scope: Scope, name: str) -> Document:
        wanted = name.partition(":model-package/")[2] or name
        for package in self._store.all(scope, PACKAGE):
            if package.name.lower() == wanted.lower():
                return package
        raise invalid(f"ModelPackage {name} does not exist.")

    def _group_answer(self, group: Document) -> dict[str, Any]:
        state = {name: value for name, value in group.state.items() if not name.startswith("_")}
        whole = group.request | state | {"ModelPackageGroupArn": group.arn, "CreationTime": group.created}
        return _members(whole, "DescribeModelPackageGroupOutput")

    def _answer(self, package: Document) -> dict[str, Any]:
        whole = package.request | package.state | {"ModelPackageArn": package.arn, "CreationTime": package.created}
        return _members(whole | {"ModelPackageName": package.name}, "DescribeModelPackageOutput")

    def _announce(self, package: Document, changed: list[str]) -> None:
        answer = self._answer(package)
        detail = {name: answer[name] for name in _IN_EVENTS if name in answer}
        detail |= {
            "LastModifiedTime": package.modified,
            "CertifyForMarketplace": False,
            "UpdatedModelPackageFields": changed,
        }
        entry = {
            "Source": "aws.sagemaker",
            "DetailType": "SageMaker Model Package State Change",
            "Detail": json.dumps(detail, default=_text),
            "Resources": [package.arn],
        }
        for _ in range(2 if self._twice else 1):
            seams.send_aws_event(entry)


def _members(whole: Mapping[str, Any], shape: str) -> dict[str, Any]:
    known = validation.service_model("sagemaker").shape_for(shape).members
    return {name: value for name, value in whole.items() if name in known and value not in (None, {}, [])}


def _summaries(rows: list[dict[str, Any]], shape: str) -> list[dict[str, Any]]:
    known = validation.service_model("sagemaker").shape_for(shape).members
    return [{name: value for name, value in row.items() if name in known} for row in rows]


def _user(headers: Mapping[str, str]) -> dict[str, Any]:
    """Who asks, as UserContext has it."""
    arn = seams.principal_of(headers)
    return {"IamIdentity": {"Arn": arn, "PrincipalId": arn.rpartition("/")[2] or arn}}


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return iso(value)
    raise TypeError(f"{type(value).__name__} has no place in an event")
