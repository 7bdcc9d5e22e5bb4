"""Destruction: the order, what stays, and what happens when something cannot be deleted."""

import dataclasses
from collections.abc import Callable
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from local_aws import LocalAws
from local_aws.apply import (
    ApplyError,
    Deployment,
    DestroyError,
    Event,
    Resource,
    Settings,
    deploy,
    inventory,
)
from local_aws.apply.calls import Api
from local_aws.apply.resource_types import Created, Existing, ResourceType


class Fake:
    """Resources whose deletion is only written down; those in ``stubborn`` cannot be deleted."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.stubborn: set[str] = set()
        self.deployment = Deployment("tests", "dev")

    def add(self, name: str, *needs: str, component: bool = False, **options: Any) -> None:
        kind = ResourceType(kind="t", inputs=frozenset(), create=lambda _: Created(""), delete=self._delete)
        base = Resource(urn=name, type="tests:t:T", name=name, id=None, dependencies=needs, **options)
        physical = dataclasses.replace(base, id=name, kind=kind, api=cast(Api, object()))
        self.deployment.add(base if component else physical)

    def _delete(self, existing: Existing) -> None:
        if existing.id in self.stubborn:
            raise ApplyError("in use")
        self.deleted.append(existing.id)


@pytest.fixture
def fake() -> Fake:
    return Fake()


def test_the_last_created_goes_first_and_components_have_nothing_to_delete(fake: Fake) -> None:
    fake.add("stack", component=True)
    fake.add("model", parent="stack")
    fake.add("endpoint", "model", parent="stack")
    fake.add("schedule", "endpoint", parent="stack")
    events: list[Event] = []
    result = fake.deployment.destroy(events.append)
    assert fake.deleted == ["schedule", "endpoint", "model"]
    assert [resource.name for resource in result.deleted] == fake.deleted
    assert [(event.action, event.name, event.index, event.total) for event in events] == [
        ("deleting", "schedule", 1, 3),
        ("deleted", "schedule", 1, 3),
        ("deleting", "endpoint", 2, 3),
        ("deleted", "endpoint", 2, 3),
        ("deleting", "model", 3, 3),
        ("deleted", "model", 3, 3),
    ]
    assert fake.deployment.resources == []
    assert fake.deployment.destroy().deleted == ()


def test_what_another_resource_takes_with_it_is_not_deleted_by_itself(fake: Fake) -> None:
    fake.add("bucket")
    fake.add("object", "bucket", deleted_with="bucket")
    assert [resource.name for resource in fake.deployment.destroy().deleted] == ["object", "bucket"]
    assert fake.deleted == ["bucket"]


def test_deleted_with_counts_only_if_that_one_is_deleted(fake: Fake) -> None:
    fake.add("bucket", retain_on_delete=True)
    fake.add("object", "bucket", deleted_with="bucket")
    result = fake.deployment.destroy()
    assert fake.deleted == ["object"]
    assert [resource.name for resource in result.retained] == ["bucket"]
    assert fake.deployment.resources == []


def test_a_protected_resource_stops_the_destroy_before_it_begins(fake: Fake) -> None:
    fake.add("role")
    fake.add("bucket", protect=True)
    with pytest.raises(DestroyError, match=r"nothing was deleted, since these are protected: tests:t:T 'bucket'"):
        fake.deployment.destroy()
    assert fake.deleted == []
    assert len(fake.deployment.resources) == 2


def test_protected_resources_stay_with_all_that_they_need(fake: Fake) -> None:
    fake.add("stack", component=True)
    fake.add("key", parent="stack")
    fake.add("other", parent="stack")
    fake.add("bucket", "key", parent="stack", protect=True)
    result = fake.deployment.destroy(exclude_protected=True)
    assert fake.deleted == ["other"]
    assert [resource.name for resource in result.protected] == ["stack", "key", "bucket"]
    assert [resource.name for resource in fake.deployment.resources] == ["stack", "key", "bucket"]


def test_a_failure_leaves_only_what_stands_in_its_way_and_can_be_tried_again(fake: Fake) -> None:
    fake.add("role")
    fake.add("model", "role")
    fake.add("endpoint", "model")
    fake.add("topic")
    fake.add("schedule", "endpoint")
    fake.stubborn = {"endpoint"}
    with pytest.raises(DestroyError, match=r"^tests:t:T 'endpoint': in use$"):
        fake.deployment.destroy()
    assert fake.deleted == ["schedule", "topic"]
    assert [resource.name for resource in fake.deployment.resources] == ["role", "model", "endpoint"]
    fake.stubborn = set()
    fake.deployment.destroy()
    assert fake.deleted == ["schedule", "topic", "endpoint", "model", "role"]


def bucket_with(**options: Any) -> Callable[[], None]:
    """A program with one versioned bucket and an object in it."""

    def program() -> None:
        bucket = aws.s3.Bucket("data", **options)
        versioning = aws.s3.BucketVersioning(
            "data", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}
        )
        aws.s3.BucketObjectv2(
            "own",
            bucket=bucket.bucket,
            key="own.txt",
            content="x",
            opts=pulumi.ResourceOptions(depends_on=[versioning]),
        )
        pulumi.export("bucket", bucket.bucket)

    return program


def test_own_objects_go_with_all_their_versions(cloud: LocalAws, settings: Settings) -> None:
    deployment = deploy(bucket_with(), settings, cloud)
    cloud.client("s3").put_object(Bucket=deployment.outputs["bucket"], Key="own.txt", Body=b"another version")
    assert len(deployment.destroy().deleted) == 3


def test_foreign_objects_keep_a_bucket_unless_it_is_forced(cloud: LocalAws, settings: Settings) -> None:
    deployment = deploy(bucket_with(), settings, cloud)
    bucket = deployment.outputs["bucket"]
    s3 = cloud.client("s3")
    version = s3.put_object(Bucket=bucket, Key="captured-data/1.jsonl", Body=b"{}")["VersionId"]
    with pytest.raises(DestroyError, match=rf"bucket {bucket} still has objects that the program did not create"):
        deployment.destroy()
    assert [resource.name for resource in deployment.resources] == ["data"]
    s3.delete_object(Bucket=bucket, Key="captured-data/1.jsonl", VersionId=version)
    deployment.destroy()


def test_a_forced_bucket_goes_with_everything_in_it(cloud: LocalAws, settings: Settings) -> None:
    deployment = deploy(bucket_with(force_destroy=True), settings, cloud)
    s3, bucket = cloud.client("s3"), deployment.outputs["bucket"]
    for key in ("a", "b", "a"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    s3.delete_object(Bucket=bucket, Key="b")  # leaves a delete marker and the version below it
    deployment.destroy()
    assert bucket not in inventory(cloud).get("s3 bucket", frozenset())


def test_a_retained_resource_exists_afterwards(cloud: LocalAws, settings: Settings) -> None:
    def program() -> None:
        topic = aws.sns.Topic("keep", opts=pulumi.ResourceOptions(retain_on_delete=True))
        pulumi.export("arn", topic.arn)

    deployment = deploy(program, settings, cloud)
    result = deployment.destroy()
    arn = deployment.outputs["arn"]
    assert [resource.id for resource in result.retained] == [arn]
    assert inventory(cloud)["sns topic"] == {arn}
    cloud.client("sns").delete_topic(TopicArn=arn)
