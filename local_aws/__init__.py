"""An AWS on this machine, for the demo and the tests: `local_aws.start()` gives one endpoint URL for every service.

ministack answers S3, IAM, STS, SNS, SQS, Lambda, CloudWatch, EventBridge and more; moto keeps SageMaker's models,
endpoint configurations and job definitions; what neither has (monitoring schedules, real invocations with data capture,
processing jobs that run, alarms evaluated as CloudWatch does) is here. It knows nothing of statistics.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local_aws.launcher import Clock, LocalAws, LocalAwsError, ServerStopped, start

__all__ = ["Clock", "LocalAws", "LocalAwsError", "ServerStopped", "start"]


def __getattr__(name: str) -> Any:
    # Late: boto3 takes half a second, in which `python -m local_aws` must be able to hear Ctrl-C.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from local_aws import launcher  # noqa: PLC0415

    return getattr(launcher, name)
