"""An AWS on this machine, for the demo and the tests: `local_aws.start()` gives one endpoint URL for every service.

ministack answers S3, IAM, STS, SNS, SQS, Lambda, CloudWatch, EventBridge and more; moto keeps SageMaker's models,
endpoint configurations and job definitions; what neither has (monitoring schedules, real invocations with data capture,
processing jobs that run, alarms evaluated as CloudWatch does) is here. It knows nothing of statistics.
"""

from local_aws.launcher import Clock, LocalAws, LocalAwsError, ServerStopped, start

__all__ = ["Clock", "LocalAws", "LocalAwsError", "ServerStopped", "start"]
