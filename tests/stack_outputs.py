"""What a stack exports, and the program after it."""

OUTPUTS = {
    "bucket_name",
    "endpoint_name",
    "endpoint_config_name",
    "schedule_names",
    "data_quality_schedule_name",
    "model_quality_schedule_name",
    "alarm_topic_arn",
    "notification_topic_arn",
    "responder_function_name",
    "constraint_violations_alarm_name",
    "job_failures_alarm_name",
    "dashboard_name",
    "dashboard_url",
    "statistics_uri",
    "constraints_uri",
}
