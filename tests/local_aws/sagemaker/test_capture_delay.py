"""Captured files that appear late, as AWS says they may."""

from datetime import timedelta

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
