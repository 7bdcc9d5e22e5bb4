"""IAM, enforced: everyone acts under a role, on the right ARNs, and every refusal is written down."""

import json
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local_aws.launcher import client_config
from tests.local_aws.bench import CONTAINER, MODEL, SKLEARN, Bench, pull, statement, tarball, zipped


class User:
    """An IAM user with some rights."""

    def __init__(self, bench: Bench, *statements: dict[str, Any]) -> None:
        self._bench = bench
        name = f"{bench.name}-user"
        bench.iam.create_user(UserName=name)
        self.arn = f"arn:aws:iam::123456789012:user/{name}"
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        bench.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
        self._key = bench.iam.create_access_key(UserName=name)["AccessKey"]

    def client(self, service: str, secret: str = "") -> Any:
        return boto3.client(
            service,
            endpoint_url=self._bench.cloud.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=self._key["AccessKeyId"],
            aws_secret_access_key=secret or self._key["SecretAccessKey"],
            config=client_config(),
        )


def arn(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:us-east-1:123456789012:{kind}/{name}"


def refused(bench: Bench, principal: str, action: str, resource: str) -> bool:
    return {"principal": principal, "action": action, "resource": resource} in bench.cloud.denied_calls()


def test_sagemaker_actions_are_authorised_on_their_arns(guarded_bench: Bench) -> None:
    bench = guarded_bench
    mine, other = bench.model(), bench.model()
    user = User(bench, statement("sagemaker:DescribeModel", arn("model", mine)))
    sagemaker = user.client("sagemaker")
    assert sagemaker.describe_model(ModelName=mine)["ModelName"] == mine
    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:DescribeModel"):
        sagemaker.describe_model(ModelName=other)
    assert refused(bench, user.arn, "sagemaker:DescribeModel", arn("model", other))
    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:ListModels"):
        sagemaker.list_models()


def test_a_wrong_secret_is_refused(guarded_bench: Bench) -> None:
    user = User(guarded_bench, statement("sagemaker:*", "*"))
    with pytest.raises(ClientError, match="signature"):
        user.client("sagemaker", secret="wrong").list_models()
    with pytest.raises(ClientError, match="signature"):
        user.client("sagemaker-runtime", secret="wrong").invoke_endpoint(EndpointName="x", Body=b"")


def test_invoking_is_authorised_on_the_endpoint(guarded_bench: Bench) -> None:
    bench = guarded_bench
    endpoint = bench.endpoint()
    user = User(bench, statement("sagemaker:InvokeEndpoint", arn("endpoint", endpoint)))
    runtime = user.client("sagemaker-runtime")
    assert (
        runtime.invoke_endpoint(EndpointName=endpoint, Body="1,2,3", ContentType="text/csv")["Body"].read() == b"321.0"
    )
    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:InvokeEndpoint"):
        runtime.invoke_endpoint(EndpointName="another", Body="1")
    assert refused(bench, user.arn, "sagemaker:InvokeEndpoint", arn("endpoint", "another"))


def test_passing_a_role_needs_the_right_to(guarded_bench: Bench) -> None:
    bench = guarded_bench
    role = bench.model_role()
    user = User(bench, statement("sagemaker:CreateModel", "*"))
    container = {"Image": SKLEARN}
    with pytest.raises(ClientError, match="not authorized to perform: iam:PassRole on resource"):
        user.client("sagemaker").create_model(ModelName=bench.name, ExecutionRoleArn=role, PrimaryContainer=container)
    assert refused(bench, user.arn, "iam:PassRole", role)


def test_a_role_is_passed_to_the_service_that_the_condition_names(guarded_bench: Bench) -> None:
    bench = guarded_bench
    role = bench.model_role()
    passing = statement("iam:PassRole", role, {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}})
    user = User(bench, statement(["sagemaker:CreateModel", "lambda:CreateFunction"], "*"), passing)
    container = {"Image": SKLEARN}
    user.client("sagemaker").create_model(ModelName=bench.name, ExecutionRoleArn=role, PrimaryContainer=container)
    with pytest.raises(ClientError, match="iam:PassRole"):
        user.client("lambda").create_function(
            FunctionName=bench.name,
            Runtime="python3.13",
            Role=role,
            Handler="handler.handler",
            Code={"ZipFile": zipped("")},
        )


def test_tags_at_creation_need_the_right_to_tag(guarded_bench: Bench) -> None:
    bench = guarded_bench
    role = bench.model_role()
    user = User(bench, statement("sagemaker:CreateModel", "*"), statement("iam:PassRole", role))
    with pytest.raises(ClientError, match="sagemaker:AddTags"):
        user.client("sagemaker").create_model(
            ModelName=bench.name,
            ExecutionRoleArn=role,
            PrimaryContainer={"Image": SKLEARN},
            Tags=[{"Key": "a", "Value": "b"}],
        )


def test_a_role_must_trust_the_service(guarded_bench: Bench) -> None:
    bench = guarded_bench
    role = bench.role("stranger", service="ec2.amazonaws.com")
    with pytest.raises(ClientError, match="Could not assume role"):
        bench.sagemaker.create_model(ModelName=bench.name, ExecutionRoleArn=role, PrimaryContainer={"Image": SKLEARN})
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        bench.cloud.client("lambda").create_function(
            FunctionName=bench.name,
            Runtime="python3.13",
            Role=role,
            Handler="handler.handler",
            Code={"ZipFile": zipped("")},
        )
    assert refused(bench, "sagemaker.amazonaws.com", "sts:AssumeRole", role)


@pytest.mark.parametrize(("account", "works"), [("123456789012", True), ("999999999999", False)])
def test_conditions_of_a_trust_policy_count(guarded_bench: Bench, account: str, works: bool) -> None:
    bench = guarded_bench
    role = bench.model_role()
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    bench.iam.update_assume_role_policy(RoleName=role.rpartition("/")[2], PolicyDocument=document)
    request = {"ModelName": bench.name, "ExecutionRoleArn": role, "PrimaryContainer": {"Image": SKLEARN}}
    if works:
        bench.sagemaker.create_model(**request)
    else:
        with pytest.raises(ClientError, match="Could not assume role"):
            bench.sagemaker.create_model(**request)


def test_a_model_role_needs_image_and_artefact(guarded_bench: Bench) -> None:
    bench = guarded_bench
    bare = bench.role("bare")
    with pytest.raises(ClientError, match="does not have BatchGetImage permission for the image"):
        bench.sagemaker.create_model(ModelName=bench.name, ExecutionRoleArn=bare, PrimaryContainer={"Image": SKLEARN})
    pulls = bench.role("pulls", *pull())
    config = bench.config(bench.model(role=pulls))
    bench.sagemaker.create_endpoint(EndpointName=bench.name, EndpointConfigName=config)
    description = bench.settled(bench.name)
    assert description["EndpointStatus"] == "Failed"
    assert "AccessDenied" in description["FailureReason"]


def test_captures_need_the_model_role_s_right_to_write(guarded_bench: Bench) -> None:
    bench = guarded_bench
    role = bench.role("reader", *pull(), statement("s3:GetObject", f"arn:aws:s3:::{bench.bucket}/*"))
    endpoint = bench.endpoint(bench.config(bench.model(role=role)))
    bench.invoke(endpoint, "1,2,3")
    bench.cloud.clock.advance(timedelta(0))
    assert bench.keys("captured-data/") == []
    session = f"arn:aws:sts::123456789012:assumed-role/{bench.name}-reader/SageMaker-{endpoint}"
    assert any(call["principal"] == session and call["action"] == "s3:PutObject" for call in bench.cloud.denied_calls())


def test_a_job_is_its_role_and_no_more(guarded_bench: Bench) -> None:
    bench = guarded_bench
    script = (
        "import boto3, os, sys\nprint(boto3.client('sts', os.environ['AWS_REGION']).get_caller_identity()['Arn'])\n"
        f"boto3.client('s3').put_object(Bucket='{bench.bucket}', Key='elsewhere', Body=b'')\n"
    )
    job = bench.job(script, bench.monitor_role())
    description = bench.finished(job)
    assert description["ProcessingJobStatus"] == "Failed"
    session = f"arn:aws:sts::123456789012:assumed-role/{bench.name}-monitor/SageMaker-{job}"
    assert refused(bench, session, "s3:PutObject", f"arn:aws:s3:::{bench.bucket}/elsewhere")
    logs = bench.cloud.client("logs")
    group = "/aws/sagemaker/ProcessingJobs"
    (stream,) = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=job)["logStreams"]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    assert events[0]["message"] == session


@pytest.mark.parametrize(("namespace", "works"), [("Mine", True), ("Others", False)])
def test_the_namespace_of_a_metric_is_a_condition(guarded_bench: Bench, namespace: str, works: bool) -> None:
    condition = {"StringEquals": {"cloudwatch:namespace": "Mine"}}
    user = User(guarded_bench, statement("cloudwatch:PutMetricData", "*", condition))
    # The second is over the size from which clients compress.
    for count in (1, 300):
        data = [{"MetricName": f"a-metric-with-a-long-name-{i}", "Value": 1.0} for i in range(count)]
        if works:
            user.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)
        else:
            with pytest.raises(ClientError, match="not authorized to perform: cloudwatch:PutMetricData"):
                user.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)


@pytest.mark.parametrize(("service", "told"), [("cloudwatch.amazonaws.com", True), ("events.amazonaws.com", False)])
def test_a_topic_s_policy_decides_whether_alarms_reach_it(guarded_bench: Bench, service: str, told: bool) -> None:
    bench = guarded_bench
    sns, cloudwatch = bench.cloud.client("sns"), bench.cloud.client("cloudwatch")
    topic = sns.create_topic(Name=bench.name)["TopicArn"]
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    cloudwatch.put_metric_alarm(
        AlarmName=bench.name, Namespace="N", MetricName=bench.name, Statistic="Maximum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold", TreatMissingData="breaching", AlarmActions=[topic],
    )  # fmt: skip
    assert cloudwatch.describe_alarms(AlarmNames=[bench.name])["MetricAlarms"][0]["StateValue"] == "ALARM"
    assert refused(bench, "cloudwatch.amazonaws.com", "sns:Publish", topic) is not told


def test_without_enforcement_nothing_is_refused(bench: Bench) -> None:
    role = bench.role("nothing")
    url = bench.put("model-artifacts/x.tar.gz", tarball(MODEL))
    container = {"Image": SKLEARN, "ModelDataUrl": url, "Environment": CONTAINER}
    bench.sagemaker.create_model(ModelName=bench.name, ExecutionRoleArn=role, PrimaryContainer=container)
    endpoint = bench.endpoint(bench.config(bench.name))
    bench.invoke(endpoint, "1,2,3")
    assert len(bench.captured(endpoint)) == 1


def test_what_roles_were_allowed_is_written_down(guarded_bench: Bench) -> None:
    bench = guarded_bench
    script = (
        "import boto3\ns3 = boto3.client('s3')\nprint('begun')\n"
        f"for n in range(2):\n    s3.put_object(Bucket='{bench.bucket}', Key='monitoring-results/mine', Body=b'')\n"
    )
    description = bench.finished(bench.job(script, bench.monitor_role()))
    assert description["ProcessingJobStatus"] == "Completed", description
    role = f"{bench.name}-monitor"
    uses = {(use["action"], use["resource"]): use["calls"] for use in bench.cloud.used_actions() if use["role"] == role}
    assert uses["s3:PutObject", f"arn:aws:s3:::{bench.bucket}/monitoring-results/mine"] == 2
    repository = "arn:aws:ecr:us-east-1:683313688378:repository/sagemaker-scikit-learn"
    assert uses["ecr:GetDownloadUrlForLayer", repository] == uses["ecr:GetAuthorizationToken", "*"] == 1
    # The log group is made by the first job of the server only.
    assert {action for action, _ in uses} - {"logs:CreateLogGroup"} == {
        *("s3:ListBucket", "s3:GetObject", "s3:PutObject", "logs:CreateLogStream", "logs:PutLogEvents"),
        *("ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"),
        "ecr:GetDownloadUrlForLayer",
    }


def test_a_function_whose_role_may_not_log_runs_without_a_log(guarded_bench: Bench) -> None:
    bench = guarded_bench
    role = bench.role("silent", service="lambda.amazonaws.com")
    functions, logs = bench.cloud.client("lambda"), bench.cloud.client("logs")
    functions.create_function(
        FunctionName=bench.name,
        Runtime="python3.13",
        Role=role,
        Handler="handler.handler",
        Code={"ZipFile": zipped("def handler(event, context):\n    print('said')\n    return 'done'\n")},
    )
    assert functions.invoke(FunctionName=bench.name)["Payload"].read() == b'"done"'
    group = f"/aws/lambda/{bench.name}"
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []
    session = f"arn:aws:sts::123456789012:assumed-role/{bench.name}-silent/{bench.name}"
    place = f"arn:aws:logs:us-east-1:123456789012:log-group:{group}:*"
    assert refused(bench, session, "logs:CreateLogGroup", place)
    allowed = statement(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], place)
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    bench.iam.put_role_policy(RoleName=role.rpartition("/")[2], PolicyName="p", PolicyDocument=document)
    functions.invoke(FunctionName=bench.name)
    messages = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    assert "said" in messages


def test_queries_are_authorised_on_their_workgroups(guarded_bench: Bench) -> None:
    bench = guarded_bench
    admin = bench.cloud.client("athena")
    mine, other = f"{bench.name}-mine", f"{bench.name}-other"
    queries, executions = {}, {}
    for workgroup in (mine, other):
        answers = {"ResultConfiguration": {"OutputLocation": "s3://answers/"}}
        admin.create_work_group(Name=workgroup, Configuration=answers)
        text = {"QueryString": "SELECT 1", "WorkGroup": workgroup}
        queries[workgroup] = admin.create_named_query(Name="one", Database="default", **text)["NamedQueryId"]
        executions[workgroup] = admin.start_query_execution(**text)["QueryExecutionId"]
    arns = {name: f"arn:aws:athena:us-east-1:123456789012:workgroup/{name}" for name in (mine, other)}
    user = User(bench, statement(["athena:*Get*", "athena:List*"], arns[mine]))
    athena = user.client("athena")
    assert athena.list_named_queries(WorkGroup=mine)["NamedQueryIds"] == [queries[mine]]
    assert athena.get_named_query(NamedQueryId=queries[mine])["NamedQuery"]["WorkGroup"] == mine
    (found,) = athena.batch_get_named_query(NamedQueryIds=[queries[mine]])["NamedQueries"]
    assert found["NamedQueryId"] == queries[mine]
    assert athena.get_query_execution(QueryExecutionId=executions[mine])["QueryExecution"]["WorkGroup"] == mine
    with pytest.raises(ClientError, match="not authorized to perform: athena:GetNamedQuery"):
        athena.get_named_query(NamedQueryId=queries[other])
    assert refused(bench, user.arn, "athena:GetNamedQuery", arns[other])
    with pytest.raises(ClientError, match="not authorized to perform: athena:GetQueryResults"):
        athena.get_query_results(QueryExecutionId=executions[other])
    with pytest.raises(ClientError, match="not authorized to perform: athena:StopQueryExecution"):
        athena.stop_query_execution(QueryExecutionId=executions[mine])
    with pytest.raises(ClientError, match="not authorized to perform: athena:BatchGetNamedQuery"):
        athena.batch_get_named_query(NamedQueryIds=list(queries.values()))
    with pytest.raises(ClientError, match="not authorized to perform: athena:GetNamedQuery"):
        athena.get_named_query(NamedQueryId="of nobody")
