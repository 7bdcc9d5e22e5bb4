"""Lambda's polling of Kinesis streams, as its guide describes it: one thread a mapping and shard."""

from local_aws.streams.poller import StreamPoller

__all__ = ["StreamPoller"]
