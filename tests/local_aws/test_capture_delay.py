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
        (key,) = bench.keys("captured-data/")
        assert "/2026/01/05/09/" in key
        assert cloud.clock.now().hour == 10
