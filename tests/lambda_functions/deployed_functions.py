"""The functions on the embedded AWS, with roles, topics and an inbox: by hand, as the component makes them."""

import io
import json
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from components.archives import function_files, function_handler

BUCKET, ENDPOINT, NAMESPACE = "churn-data", "churn-endpoint", "ModelMonitoring/churn"
ANALYZER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
LOGS = "arn:aws:logs:us-east-1:123456789012:log-group:*"
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


def until(ask: Callable[[], Any], what: str, seconds: float = 20.0) -> Any:
    """What `ask` answers as soon as it answers something."""
    end = time.monotonic() + seconds
    while (answer := ask()) is None:
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.05)
    return answer


def allow(actions: str, *resources: str, **condition: Any) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": actions.split(), "Resource": list(resources)}
    return {**statement, "Condition": condition} if condition else statement


@dataclass(frozen=True)
class Stack:
    """What the component deploys around the functions, made by hand."""

    cloud: Any
    alarm_topic: str
    notification_topic: str
    inbox: str
    job_role: str

    def invoke(self, function: str, payload: Any) -> Any:
        answer = self.cloud.client("lambda").invoke(FunctionName=function, Payload=json.dumps(payload))
        result = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, result
        return result

    def messages(self) -> list[dict[str, Any]]:
        """What has arrived for people since the last look."""
        sqs = self.cloud.client("sqs")
        found = []
        for message in sqs.receive_message(QueueUrl=self.inbox, MaxNumberOfMessages=10).get("Messages", []):
            sqs.delete_message(QueueUrl=self.inbox, ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"]))
        return found

    def one_message(self) -> Any:
        """Waits for one."""
        (message,) = until(lambda: self.messages() or None, "a notification")
        return message

    def put_alarm(self, name: str, metric: str, schedule: str, severity: str = "", threshold: float = 1.0) -> None:
        self.cloud.client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            AlarmDescription=f"The monitor has violations. Severity: {severity}" if severity else "",
            Namespace=NAMESPACE,
            MetricName=metric,
            Dimensions=[{"Name": "Endpoint", "Value": ENDPOINT}, {"Name": "MonitoringSchedule", "Value": schedule}],
            Statistic="Maximum",
            Period=3600,
            EvaluationPeriods=1,
            Threshold=threshold,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
            AlarmActions=[self.alarm_topic],
        )

    def metric(self, name: str, schedule: str) -> float | None:
        """The metric's maximum, if it has been published."""
        now = self.cloud.clock.now()
        points = self.cloud.client("cloudwatch").get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName=name,
            Dimensions=[{"Name": "Endpoint", "Value": ENDPOINT}, {"Name": "MonitoringSchedule", "Value": schedule}],
            StartTime=now.replace(year=now.year - 1),
            EndTime=now.replace(year=now.year + 1),
            Period=3600,
            Statistics=["Maximum"],
        )["Datapoints"]
        return max((point["Maximum"] for point in points), default=None)

    def run_job(self, name: str, program: str, environment: dict[str, str]) -> None:
        """A processing job that runs `program`, a Python one-liner."""
        self.cloud.client("sagemaker").create_processing_job(
            ProcessingJobName=name,
            RoleArn=self.job_role,
            AppSpecification={"ImageUri": SKLEARN, "ContainerEntrypoint": ["python3", "-c", program]},
            Environment=environment,
            ProcessingResources={
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}
            },
        )


def archive(function: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for inside, path in function_files(function).items():
            bundle.write(path, inside)
    return buffer.getvalue()


def make_role(iam: Any, name: str, service: str, *statements: dict[str, Any]) -> str:
    trust = [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]
    role = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust})
    )
    iam.put_role_policy(
        RoleName=name,
        PolicyName="policy",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    return str(role["Role"]["Arn"])


def make_function(cloud: Any, function: str, environment: dict[str, str], *statements: dict[str, Any]) -> str:
    logs = allow("logs:CreateLogStream logs:PutLogEvents", f"{LOGS[:-1]}/aws/lambda/{function}:*")
    role = make_role(cloud.client("iam"), f"{function}-role", "lambda.amazonaws.com", logs, *statements)
    # A group of its own: the role may not make one.
    cloud.client("logs").create_log_group(logGroupName=f"/aws/lambda/{function}")
    made = cloud.client("lambda").create_function(
        FunctionName=function,
        Runtime="python3.13",
        Architectures=["arm64"],
        Handler=function_handler(function),
        Role=role,
        Timeout=60,
        MemorySize=512,
        Code={"ZipFile": archive(function)},
        Environment={"Variables": environment},
    )
    return str(made["FunctionArn"])


def make_inbox(sqs: Any, name: str) -> tuple[str, str]:
    """URL and ARN of a queue that SNS may send to."""
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    send = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [send]})}
    )
    return str(url), str(arn)


def may_invoke(cloud: Any, function: str, principal: str, source_arn: str) -> None:
    cloud.client("lambda").add_permission(
        FunctionName=function,
        StatementId="invoke",
        Action="lambda:InvokeFunction",
        Principal=principal,
        SourceArn=source_arn,
    )


def deploy(cloud: Any) -> Stack:
    sns, sqs = cloud.client("sns"), cloud.client("sqs")
    objects = f"arn:aws:s3:::{BUCKET}"
    jobs = f"arn:aws:sagemaker:us-east-1:{cloud.account_id}:processing-job"
    cloud.client("s3").create_bucket(Bucket=BUCKET)
    alarms, notifications = (sns.create_topic(Name=name)["TopicArn"] for name in ("alarms", "notifications"))
    inbox, inbox_arn = make_inbox(sqs, "inbox")
    sns.subscribe(TopicArn=notifications, Protocol="sqs", Endpoint=inbox_arn)
    job_role = make_role(
        cloud.client("iam"),
        "job-role",
        "sagemaker.amazonaws.com",
        allow("s3:ListBucket", objects),
        allow("s3:GetObject s3:PutObject", f"{objects}/*"),
        allow("ecr:GetAuthorizationToken", "*"),
        allow(
            "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer",
            "arn:aws:ecr:us-east-1:*:repository/sagemaker-*",
        ),
        allow("logs:CreateLogGroup logs:CreateLogStream logs:DescribeLogStreams logs:PutLogEvents", LOGS),
    )
    make_function(
        cloud,
        "start_baseline",
        {},
        allow("sagemaker:CreateProcessingJob sagemaker:DescribeProcessingJob sagemaker:AddTags", f"{jobs}/churn-*"),
        allow("iam:PassRole", job_role, StringEquals={"iam:PassedToService": "sagemaker.amazonaws.com"}),
    )
    common = {"BUCKET_NAME": BUCKET, "RESULTS_PREFIX": "monitoring-results", "STATE_PREFIX": "responder-state"}
    results = allow("s3:ListBucket", objects, StringLike={"s3:prefix": ["monitoring-results/*"]})
    metrics_arn = make_function(
        cloud,
        "processing_metrics",
        {**common, "ENDPOINT_NAME": ENDPOINT, "METRIC_NAMESPACE": NAMESPACE},
        allow("sagemaker:DescribeProcessingJob", f"{jobs}/*"),
        allow("cloudwatch:PutMetricData", "*", StringEquals={"cloudwatch:namespace": NAMESPACE}),
        results,
        allow("s3:GetObject", f"{objects}/monitoring-results/*"),
        allow("s3:PutObject", f"{objects}/responder-state/job-failures/*", f"{objects}/responder-state/heard-jobs/*"),
    )
    responder_arn = make_function(
        cloud,
        "alarm_responder",
        {
            **common,
            "NOTIFICATION_TOPIC_ARN": notifications,
            "SEVERITIES": json.dumps(
                {
                    "ConstraintViolations": [
                        {"severity": "warning", "threshold": 1, "evaluation_periods": 1},
                        {"severity": "critical", "threshold": 3, "evaluation_periods": 1},
                    ]
                }
            ),
            "BASELINE_STATISTICS": json.dumps({"drifting": f"s3://{BUCKET}/baseline-data/results/1/statistics.json"}),
        },
        allow("s3:ListBucket", objects, StringLike={"s3:prefix": ["monitoring-results/*", "responder-state/*"]}),
        allow(
            "s3:GetObject",
            f"{objects}/monitoring-results/*",
            f"{objects}/responder-state/*",
            f"{objects}/baseline-data/results/*",
        ),
        allow("s3:PutObject", f"{objects}/responder-state/alarms/*"),
        allow("sns:Publish", notifications),
    )
    may_invoke(cloud, "alarm_responder", "sns.amazonaws.com", alarms)
    sns.subscribe(TopicArn=alarms, Protocol="lambda", Endpoint=responder_arn)
    rule = cloud.client("events").put_rule(
        Name="jobs",
        EventPattern=json.dumps(
            {
                "source": ["aws.sagemaker"],
                "detail-type": ["SageMaker Processing Job State Change"],
                "detail": {"ProcessingJobStatus": ["Completed", "Failed", "Stopped"]},
            }
        ),
    )["RuleArn"]
    may_invoke(cloud, "processing_metrics", "events.amazonaws.com", rule)
    cloud.client("events").put_targets(Rule="jobs", Targets=[{"Id": "metrics", "Arn": metrics_arn}])
    return Stack(cloud, alarms, notifications, inbox, job_role)
