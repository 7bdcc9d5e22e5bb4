"""Captured files that appear late, as AWS says they may, and none is lost because its endpoint is updated or gone."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

import local_aws
from tests.local_aws.bench import START, Bench


def test_a_file_of_the_last_hour_appears_in_the_next() -> None:
    with local_aws.start(at=START, capture_delay=3600) as cloud:
        bench = Bench(cloud)
        endpoint = bench.endpoint()
        bench.invoke(endpoint, "1,2,3")
        cloud.clock.advance(timedelta(minutes=55))
        assert bench.keys("captured-data/") == []
        cloud.clock.advance(timedelta(minutes=10))
        (item,) = bench.s3.list_objects_v2(Bucket=bench.bucket, Prefix="captured-data/")["Contents"]
        assert "/2026/01/05/09/" in item["Key"]
        assert f"{item['LastModified']:%Y-%m-%d %H:%M}" == "2026-01-05 10:10"
        assert cloud.clock.now().hour == 10


@pytest.fixture(scope="module")
def late() -> Iterator[local_aws.LocalAws]:
    """An AWS that enforces roles, and in which a captured file appears after an hour. Nothing failed in it."""
    with local_aws.start(at=START, capture_delay=3600, enforce_iam=True) as cloud:
        yield cloud
        assert cloud.failures() == []


def test_what_an_endpoint_captured_is_there_when_its_deletion_is_answered(late: local_aws.LocalAws) -> None:
    stays, goes = Bench(late), Bench(late)
    for bench in (stays, goes):
        bench.invoke(bench.endpoint(), "1,2,3")
    goes.sagemaker.delete_endpoint(EndpointName=f"{goes.name}-ep")
    assert (len(goes.keys("captured-data/")), stays.keys("captured-data/")) == (1, [])
    stays.sagemaker.delete_endpoint(EndpointName=f"{stays.name}-ep")
    assert len(stays.keys("captured-data/")) == 1


def test_what_the_model_before_an_update_captured_appears_in_its_time(late: local_aws.LocalAws) -> None:
    bench = Bench(late)
    endpoint = bench.endpoint()
    bench.invoke(endpoint, "1,2,3")
    bench.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=bench.config(bench.model()))
    assert bench.settled(endpoint)["EndpointStatus"] == "InService"
    bench.invoke(endpoint, "1,2,3")
    late.clock.advance(timedelta(minutes=59))
    assert bench.keys("captured-data/") == []
    late.clock.advance(timedelta(minutes=2))
    assert len(bench.captured(endpoint)) == 2
