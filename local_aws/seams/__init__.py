"""Every place where ministack or moto is rebound or entered; nothing else in this package touches their internals.

Both are pinned exactly, and tests/local_aws/test_seams.py has a contract test for each function here, which fails
loudly when a new version of either has moved what is used. Import this package only after the environment of
`local_aws.server` is in place: ministack reads it at import.
"""

from ministack.core.responses import get_account_id, get_region, request_scope

from local_aws.seams.athena import execute_athena_queries
from local_aws.seams.cloudwatch import (
    alarms_everywhere,
    answer_cloudwatch,
    change_alarm_state,
    keep_metric_queries,
    metric_points,
    point_statistics,
    record_metric,
    replace_alarm_actions,
    replace_alarm_evaluation,
)
from local_aws.seams.functions import (
    deliver_to_functions,
    function_policy,
    guard_function_logs,
    replace_dead_letters,
    restrict_function_imports,
    run_asynchronously,
)
from local_aws.seams.iam import (
    Denied,
    Refusal,
    close_role_session,
    count_loopback_as_secure_transport,
    find_role,
    open_role_session,
    record_denials,
    record_uses,
    refusal,
    service_is_allowed,
    supply_metric_namespace,
)
from local_aws.seams.keys import (
    bucket_key,
    key_arn,
    key_policy,
    object_key,
    queue_key,
    refuse_key_use,
    set_log_group_key,
)
from local_aws.seams.messages import (
    keep_posts_on_loopback,
    publish,
    return_subscription_arns,
    send_aws_event,
    topic_encryption_key,
    topic_policy,
)
from local_aws.seams.moto import MotoApplication, MotoSageMaker
from local_aws.seams.queues import visible_messages
from local_aws.seams.requests import (
    Handler,
    Query,
    Response,
    access_key_of,
    asgi_app,
    authorise,
    check_after_authentication,
    enter_request,
    observe_requests,
    read_request,
    serve_sagemaker,
    serve_scaling,
)
from local_aws.seams.schedules import forget_schedule, moment, next_cron_time, schedules_everywhere, stop_own_scheduler
from local_aws.seams.signatures import accept_own_keys_only, is_administrator, make_function_keys, refuse_unsigned
from local_aws.seams.times import put_on_clock

__all__ = [
    "Denied",
    "Handler",
    "MotoApplication",
    "MotoSageMaker",
    "Query",
    "Refusal",
    "Response",
    "accept_own_keys_only",
    "access_key_of",
    "alarms_everywhere",
    "answer_cloudwatch",
    "asgi_app",
    "authorise",
    "bucket_key",
    "change_alarm_state",
    "check_after_authentication",
    "close_role_session",
    "count_loopback_as_secure_transport",
    "deliver_to_functions",
    "enter_request",
    "execute_athena_queries",
    "find_role",
    "forget_schedule",
    "function_policy",
    "get_account_id",
    "get_region",
    "guard_function_logs",
    "is_administrator",
    "keep_metric_queries",
    "keep_posts_on_loopback",
    "key_arn",
    "key_policy",
    "make_function_keys",
    "metric_points",
    "moment",
    "next_cron_time",
    "object_key",
    "observe_requests",
    "open_role_session",
    "point_statistics",
    "publish",
    "put_on_clock",
    "queue_key",
    "read_request",
    "record_denials",
    "record_metric",
    "record_uses",
    "refusal",
    "refuse_key_use",
    "refuse_unsigned",
    "replace_alarm_actions",
    "replace_alarm_evaluation",
    "replace_dead_letters",
    "request_scope",
    "restrict_function_imports",
    "return_subscription_arns",
    "run_asynchronously",
    "schedules_everywhere",
    "send_aws_event",
    "serve_sagemaker",
    "serve_scaling",
    "service_is_allowed",
    "set_log_group_key",
    "stop_own_scheduler",
    "supply_metric_namespace",
    "topic_encryption_key",
    "topic_policy",
    "visible_messages",
]
