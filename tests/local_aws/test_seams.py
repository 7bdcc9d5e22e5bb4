"""The contract that ministack and moto must keep for `local_aws.seams`: a new version that moved a thing fails.

What each seam achieves is shown by the other tests through the running server; here is what it stands on.
"""

import inspect
import sys
from importlib.metadata import version
from typing import Any

import ministack.app
import ministack.core.iam_actions
import ministack.core.iam_evaluator
import ministack.core.lambda_runtime
import ministack.core.responses
import ministack.core.router
import ministack.services.cloudwatch
import ministack.services.eventbridge
import ministack.services.kinesis
import ministack.services.kms
import ministack.services.lambda_svc
import ministack.services.s3
import ministack.services.scheduler
import ministack.services.sns
import ministack.services.sqs
import ministack.services.stepfunctions
import ministack.services.sts
import moto.core.routing
import moto.sagemaker.models
import pytest

from local_aws import seams

gateway, router = ministack.app, ministack.core.router
actions, evaluator = ministack.core.iam_actions, ministack.core.iam_evaluator
cloudwatch, eventbridge = ministack.services.cloudwatch, ministack.services.eventbridge
functions, sns, sts = ministack.services.lambda_svc, ministack.services.sns, ministack.services.sts
runtime = ministack.core.lambda_runtime
kms, sqs = ministack.services.kms, ministack.services.sqs
kinesis = ministack.services.kinesis
s3, scheduler = ministack.services.s3, ministack.services.scheduler
states = ministack.services.stepfunctions


def test_the_versions_are_the_pinned_ones() -> None:
    assert (version("ministack"), version("moto")) == ("1.5.33", "5.2.5")


# What is called or replaced, with its parameters.
SIGNATURES = [
    (gateway, "_dispatch_service_request", "method path headers body query_params request_id"),
    (gateway, "_routing_params", "method path headers body query_params"),
    (gateway, "_decompress_request_body", "body headers"),
    (gateway, "_request_account_scope", "access_key_id"),
    (
        gateway,
        "_enforce_data_plane",
        "service iam_action headers query_params request_id resource_arn service_context auth_error_response "
        "named_resource",
    ),
    (router, "detect_service", "method path headers query_params"),
    (router, "extract_access_key_id", "headers query_params"),
    (router, "extract_region", "headers query_params"),
    (actions, "extract_resource_arn", "service method path headers body query_params region account_id"),
    (actions, "request_tag_context", "service iam_action body params"),
    (evaluator, "enforce", "access_key_id iam_action service region resource_arn service_context"),
    (evaluator, "resolve_principal", "access_key_id account_id credential"),
    (evaluator, "evaluate", "ctx policies limits"),
    (evaluator, "parse_policy_document", "doc"),
    (evaluator, "pin_request_origin", "source_ip secure_transport"),
    (evaluator, "pin_signed_request", "method raw_path query_params raw_headers handshake"),
    (evaluator, "pin_signed_body", "body"),
    (evaluator, "_service_principal_matches", "principal service"),
    (functions, "_execute_function_dispatch", "func config event request_id started"),
    (cloudwatch, "_evaluate_alarm", "alarm"),
    (cloudwatch, "_put_metric_alarm", "params cbor_data is_cbor is_json"),
    (cloudwatch, "_dispatch_alarm_actions", "alarm old_state new_state reason"),
    (cloudwatch, "_evaluate_parent_alarms", "child seen"),
    (cloudwatch, "_record_history", "alarm_name old_state new_state reason alarm_type reason_data"),
    (cloudwatch, "_store_datum", "namespace name dims ts unit value values counts stat_values"),
    (cloudwatch, "_calc_stats", "points"),
    (cloudwatch, "_stat_value", "stats stat_name points"),
    (cloudwatch, "_dims_key", "dims"),
    (eventbridge, "_put_events", "data allow_aws_source"),
    (eventbridge, "_now_ts", ""),
    (eventbridge, "_invoke_target", "target event rule view"),
    (eventbridge, "_dispatch_to_lambda", "arn payload"),
    (sns, "_fanout", None),
    (sqs, "_queue_ref_from_urlish", "url"),
    (sqs, "_queue_by_arn", "arn"),
    (kms, "_resolve_key", "key_id_or_arn"),
    (s3, "_bucket_default_sse_headers", "bucket_name"),
    (actions, "access_denied_response", None),
    (sns, "_subscribe", "params"),
    (sns, "_p", None),
    (sns, "_http_post_sync", "endpoint payload sns_message_type"),
    (cloudwatch, "_error", "code message status use_json use_cbor"),
    (sns, "_deliver_to_lambda", "endpoint envelope topic_arn sub_arn msg_id raw_message message_attributes"),
    (sns, "_topic_by_arn_any_scope", None),
    (sns, "topic_policy_for_arn", "topic_arn"),
    (functions, "_get_func_record_for_ref", None),
    (functions, "_execution_record_for_config", "func config"),
    (functions, "invoke_async_with_retry", "func event"),
    (functions, "_route_async_failure", "target_arn func_name event result"),
    (functions, "function_policy_for_arn", "resource_arn"),
    (functions, "_execute_function", "func event"),
    (functions, "_account_region_from_function_config", None),
    (scheduler, "_now", ""),
    (s3, "now_iso", ""),
    (scheduler, "_to_epoch", "value"),
    (scheduler, "start_scheduler", ""),
    (eventbridge, "_parse_cron_fields", "expr"),
    (eventbridge, "_cron_next_fire", "fields after_dt"),
    (functions, "_emit_lambda_logs", "func request_id log_text error duration_ms log_source"),
    (runtime, "_detect_runtime_binary", "runtime"),
    (runtime, "execution_credentials", "config"),
    (sts, "register_session", "access_key session"),
    (kinesis, "_create_stream", "data"),
    (kinesis, "_expire_records", "stream"),
    (kinesis, "_next_sequence_number", ""),
    (kinesis, "_max_shard_index", "stream"),
    (kinesis, "_compute_hash_ranges", "shard_count"),
    (kinesis, "_resolve_stream", "data"),
    (kinesis, "_route_to_shard", "hash_key_int stream"),
    (kinesis, "_split_shard", "data"),
    (kinesis, "_merge_shards", "data"),
    (kinesis, "_update_shard_count", "data"),
    (kinesis, "_shard_out", "shard_id shard"),
    (kinesis, "_describe_stream_summary", "data"),
    (kinesis, "_get_records", "data"),
    (kinesis, "_ensure_base64", "value"),
    (functions, "_create_esm", "data"),
    (functions, "_update_esm", "esm_id data"),
    (functions, "_esm_response", "esm"),
    (functions, "_poll_kinesis", ""),
    (functions, "_iter_all_esms", ""),
    (functions, "_apply_filter_criteria", "records esm"),
    (functions, "_get_func_record_for_qualifier", "name qualifier"),
    (functions, "_throttle_response", "reason_code msg retry_after"),
    (ministack.core.responses, "request_scope", "account_id region"),
    (ministack.core.responses, "_service_model", "service"),
    (actions, "_load_botocore_model", "botocore_service"),
]


@pytest.mark.parametrize(("module", "name", "parameters"), SIGNATURES, ids=[name for _, name, _ in SIGNATURES])
def test_functions_are_where_they_were(module: Any, name: str, parameters: str | None) -> None:
    function = getattr(module, name)
    if parameters is None:
        assert callable(function)
    else:
        assert " ".join(inspect.signature(function).parameters) == parameters


# A replacement takes effect only if the caller looks the name up when it runs.
CALLERS = [
    (gateway.app, "await _dispatch_service_request("),
    (gateway._dispatch_service_request, "from ministack.core.iam_actions import ("),
    (gateway._dispatch_service_request, "from ministack.core.iam_evaluator import AuthError, enforce"),
    (gateway._dispatch_service_request, "SERVICE_HANDLERS.get(service)"),
    (gateway._enforce_data_plane, "from ministack.core.iam_evaluator import AuthError, enforce"),
    (router.detect_service, "in SERVICE_PATTERNS.items()"),
    (actions.extract_iam_action, "SERVICE_TO_IAM_NAMESPACE.get(service)"),
    (cloudwatch._put_metric_data, "_evaluate_all_alarms()"),
    (cloudwatch._put_metric_data, "time.time()"),
    (cloudwatch.handle_request, "_evict_old_metrics()"),
    (cloudwatch._evict_old_metrics, "time.time() - TWO_WEEKS_SECONDS"),
    (cloudwatch._evaluate_all_alarms, "_evaluate_alarm(alarm)"),
    (cloudwatch._put_metric_alarm, "_evaluate_alarm(alarm)"),
    (cloudwatch.handle_request, '"PutMetricAlarm": _put_metric_alarm'),
    (cloudwatch._set_alarm_state, "_dispatch_alarm_actions("),
    (cloudwatch._record_history, "_ts_iso(time.time())"),
    (eventbridge._put_events, "_now_ts()"),
    (eventbridge._dispatch_event, "_invoke_target(target, event, rule, view)"),
    (eventbridge._invoke_target, "_dispatch_to_lambda(arn, event_payload)"),
    (sns.handle_request, '"Subscribe": _subscribe'),
    (sns._deliver_to_http, "_http_post_sync, endpoint, payload"),
    (sns._send_subscription_confirmation, "_http_post_sync, endpoint, payload"),
    (sns._fanout, "_deliver_to_lambda, endpoint, envelope, topic_arn"),
    (functions._invoke, "invoke_async_with_retry(exec_record, event)"),
    (s3._build_object_record, "now_iso()"),
    (sns._build_envelope, "time.gmtime()"),
    (scheduler._create_schedule, "_now()"),
    (functions._execute_function_dispatch, "_emit_lambda_logs("),
    (functions._execute_function_warm, "release_worker(worker)"),
    (functions._update_config, 'invalidate_worker(name, qualifier="$LATEST")'),
    (runtime.invalidate_worker, "kill_workers(doomed)"),
    (evaluator.enforce, "evaluate(ctx, principal.policies, *principal.limits)"),
    (functions.invoke_async_with_retry, "_route_async_failure(on_failure_arn, fn_name, event, last_result)"),
    (kinesis.handle_request, '"SplitShard": _split_shard'),
    (kinesis.handle_request, '"MergeShards": _merge_shards'),
    (kinesis.handle_request, '"UpdateShardCount": _update_shard_count'),
    (kinesis.handle_request, '"CreateStream": _create_stream'),
    (kinesis.handle_request, '"GetRecords": _get_records'),
    (kinesis.handle_request, '"DescribeStreamSummary": _describe_stream_summary'),
    (kinesis._put_records, "_route_to_shard("),
    (kinesis._put_records, "_expire_records(stream)"),
    (kinesis._put_records, "time.time()"),
    (kinesis._stream_desc, "_shard_out(sid"),
    (kinesis._list_shards, "_shard_out(sid"),
    (functions._poll_loop, "_poll_kinesis()"),
    (functions._get_esm, "_esm_response(esm)"),
    (functions._list_esms, "_esm_response(e)"),
    (functions.handle_request, "_create_esm(data)"),
    (functions.handle_request, "_update_esm(esm_id, data)"),
    (runtime.Worker._spawn, "_detect_runtime_binary(runtime)"),
    (runtime.Worker._spawn, "os.makedirs(code_dir)"),
    (
        runtime.Worker._spawn,
        'with zipfile.ZipFile(os.path.join(self._tmpdir, "code.zip")) as zf:\n            zf.extractall(code_dir)',
    ),
    (runtime.Worker._spawn, "with zipfile.ZipFile(lzip) as lzf:"),
    (runtime.Worker._spawn, "for member in lzf.namelist():"),
    (runtime.Worker._spawn, "lzf.extractall(layer_dir)"),
    (runtime.Worker._spawn, 'f"_worker{ext}"'),
    (runtime.Worker._spawn, "subprocess.Popen(\n            [binary, worker_path],\n            cwd=code_dir,"),
    (runtime.Worker._spawn, "execution_credentials(self.config)"),
    (actions._tag_operations, "_load_botocore_model(name)"),
    (actions._load_botocore_routes, "_load_botocore_model(botocore_service)"),
    (ministack.core.responses._expected_envelope_content_type, "_service_model(service)"),
    (moto.core.routing.SmithyRule.compile, "self._compile_builder("),
]


@pytest.mark.parametrize(("caller", "text"), CALLERS, ids=[f"{c.__name__}: {t[:40]}" for c, t in CALLERS])
def test_callers_look_the_replaced_names_up(caller: Any, text: str) -> None:
    assert text in inspect.getsource(caller)


def test_stores_are_keyed_as_they_were() -> None:
    with ministack.core.responses.request_scope("111122223333", "eu-west-1"):
        cloudwatch._alarms["seam"] = {"AlarmName": "seam"}
        cloudwatch._store_datum("N", "m", {"b": "2", "a": "1"}, 5.0, "None", 7, None, None, None)
        try:
            assert ("111122223333", "eu-west-1", {"AlarmName": "seam"}) in seams.alarms_everywhere()
            (point,) = seams.metric_points("N", "m", {"a": "1", "b": "2"})
            assert (point["Timestamp"], point["Value"], point["Unit"]) == (5.0, 7.0, "None")
            assert seams.point_statistics([point], "Maximum") == 7.0
            assert seams.metric_points("N", "m", {"a": "1"}) == []
        finally:
            del cloudwatch._alarms["seam"]
            cloudwatch._metrics.pop(("N", "m", cloudwatch._dims_key({"a": "1", "b": "2"})))
    assert seams.alarms_everywhere() == []


@pytest.mark.parametrize(
    ("service", "method", "path", "headers", "body", "query", "read"),
    [
        (
            "logs", "POST", "/", {"x-amz-target": "Logs_20140328.CreateLogGroup"}, b'{"logGroupName": "g"}', {},
            ("CreateLogGroup", {"logGroupName": "g"}),
        ),
        (
            "sns", "POST", "/", {"content-type": "application/x-www-form-urlencoded"},
            b"Action=CreateTopic&Name=n&Tags.member.1.Key=a&Tags.member.1.Value=b", {},
            ("CreateTopic", {"Name": "n", "Tags": [{"Key": "a", "Value": "b"}]}),
        ),
        (
            "lambda", "GET", "/2015-03-31/functions/f/policy", {}, b"", {"Qualifier": ["1"]},
            ("GetPolicy", {"FunctionName": "f", "Qualifier": "1"}),
        ),
        ("s3", "GET", "/bucket/a key", {}, b"", {}, ("GetObject", {"Bucket": "bucket", "Key": "a key"})),
        (
            "s3", "GET", "/bucket", {}, b"", {"list-type": ["2"], "prefix": ["p/"]},
            ("ListObjectsV2", {"Bucket": "bucket", "Prefix": "p/"}),
        ),
        ("lambda", "GET", "/no/such/route", {}, b"", {}, None),
    ],
)  # fmt: skip
def test_moto_reads_requests_of_every_protocol(  # noqa: PLR0917 - the parts of a request
    service: str, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]], read: Any
) -> None:
    found = seams.read_request(service, method, path, headers, body, query)
    if read is not None:
        assert found is not None
        found = found[0], {name: value for name, value in found[1].items() if value not in (None, {})}
    assert found == read


def test_moto_keeps_sagemaker_by_account_and_region() -> None:
    sagemaker = seams.MotoSageMaker()
    assert callable(moto.sagemaker.models.FakeEndpointConfig.validate_instance_type)
    request = {"ModelName": "m", "ExecutionRoleArn": "arn:aws:iam::111122223333:role/a-role"}
    request |= {"PrimaryContainer": {"Image": "i"}}  # type: ignore[dict-item] # a structure among strings
    with seams.request_scope("111122223333", "eu-west-1"):
        status, answer = sagemaker.call("CreateModel", request)
        assert (status, answer["ModelArn"]) == (200, "arn:aws:sagemaker:eu-west-1:111122223333:model/m")
        assert sagemaker.call("ListModels", {})[1]["Models"][0]["ModelName"] == "m"
    with seams.request_scope("111122223333", "us-east-1"):
        assert sagemaker.call("ListModels", {})[1]["Models"] == []
    with seams.request_scope("444455556666", "eu-west-1"):
        assert sagemaker.call("ListModels", {})[1]["Models"] == []
        assert sagemaker.call("ListHubs", {}) == (
            400,
            {"__type": "UnknownOperationException", "message": "moto has no SageMaker ListHubs"},
        )


def test_moto_keeps_scalable_targets_without_its_ecs() -> None:
    before = set(sys.modules)  # another test may have asked for EC2's types of instances
    scaling = seams.MotoScaling()
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/e/variant/v",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "MinCapacity": 1,
        "MaxCapacity": 2,
    }
    service = {"ServiceNamespace": "ecs", "ResourceId": "service/c/s", "ScalableDimension": "ecs:service:DesiredCount"}
    with seams.request_scope("111122223333", "eu-west-1"):
        assert scaling.call("RegisterScalableTarget", target)[0] == 200
        (kept,) = scaling.call("DescribeScalableTargets", {"ServiceNamespace": "sagemaker"})[1]["ScalableTargets"]
        assert target.items() <= kept.items()
        status, answer = scaling.call("RegisterScalableTarget", target | service)
        assert (status, answer["message"]) == (400, "ECS service doesn't exist: service/c/s")
    assert "moto.ec2" not in set(sys.modules) - before


def test_role_sessions_resolve_to_their_role() -> None:
    session = seams.open_role_session("arn:aws:iam::111122223333:role/path/worker", "a-session")
    key = session["AWS_ACCESS_KEY_ID"]
    credential = evaluator.resolve_credential(key, "111122223333", session["AWS_SESSION_TOKEN"])
    assert credential.principal_arn == "arn:aws:sts::111122223333:assumed-role/worker/a-session"
    assert credential.secret_access_key == session["AWS_SECRET_ACCESS_KEY"]
    seams.close_role_session(key)
    assert isinstance(evaluator.resolve_credential(key, "111122223333"), evaluator.CredentialResolutionError)


def test_executions_run_through_what_the_seams_replace() -> None:
    """Each is looked up as a global of the module when it is called, and the wait of a token asks its `event`."""
    for caller, called in (
        (states._run_execution, ("_execute_task", "_fail_execution")),
        (states._fail_execution, ("ExecutionFailed", "executionFailedEventDetails", "_add_event")),
        (states._execute_task, ("TaskFailed", "taskFailedEventDetails", "_add_event")),
        (states._execute_task, ("_invoke_resource", "_invoke_with_callback")),
        (states._execute_wait, ("_scaled_sleep",)),
        (states._start_execution, ("_run_execution",)),
    ):
        names = set(caller.__code__.co_names)
        assert set(called) <= names | {constant for constant in caller.__code__.co_consts if isinstance(constant, str)}
    assert list(inspect.signature(states._invoke_with_callback).parameters) == [
        "resource", "input_data", "token", "state_def",
    ]  # fmt: skip
    source = inspect.getsource(states._send_task_success)
    assert 'info["result"] = output' in source
    assert 'info["event"].set()' in source
