"""Arguments of a stack that cannot work, one by one."""

from typing import Any

import pulumi

SUBSCRIPTION = "alerting.subscriptions.0"
FILTER = f"{SUBSCRIPTION}.filter_policy"
QUIET = "alerting.quiet_hours.0"
EXISTING = {"existing": {"name": "churn", "capture_uri": "s3://bucket/captures"}}
BINARY = {"problem_type": "BinaryClassification"}


def csv(text: str) -> pulumi.Asset:
    return pulumi.StringAsset(text)


SCRIPT = csv("def measure(table):\n    return {'n': 1}\n")


# The argument, values of it, and what the refusal says; arguments that are lists have positions in the path.
REFUSED: list[tuple[str, list[Any], str]] = [
    # Filters that let nothing through.
    (f"{FILTER}.kind", [["dataquality"], ["violation"], [1], ["violations", "Alarm"]], "there are violations, job-fai"),
    (f"{FILTER}.kind", [["disagreement"]], "has only disagreement, and lets none through: engine is open, and no engi"),
    (f"{FILTER}.kind", [["stream"], ["stream", "retraining"]], "lets none through: there is no real_time"),
    (f"{FILTER}.kind", [["retraining"]], "lets none through: there is no retraining"),
    (f"{FILTER}.severity", [["critical"]], "there is no such alarm; give it a threshold in violations or job_failures"),
    (f"{FILTER}.severity", [["Warning"], ["high"], [None]], "there are warning, critical"),
    (f"{FILTER}.state", [["INSUFFICIENT_DATA"], ["ok"]], "there are ALARM, OK"),
    (f"{FILTER}.endpoint", [["a b"], [""], ["a" * 64], [7]], "which is no name that AWS takes, and would let none thr"),
    (f"{FILTER}.monitoring_schedule", [["x y"]], "which is no name that AWS takes, and would let none through"),
    (f"{FILTER}.alarm_name", [[""], ["a" * 256]], "which is no name that AWS takes, and would let none through"),
    (f"{FILTER}.alarm_name", [[f"a{at}" for at in range(151)]], "SNS takes 5 attributes and 150 combinations of value"),
    (f"{FILTER}.kind", ["violations", [], {}], "must be a list of the values that are let through"),
    # Addresses.
    ("alerting.runbook_url", ["wiki/runbook", "https://wiki/r#violations", "https://wiki/" + "r" * 200], "a URL of"),
    ("alerting.emails", [["a@b.co", "A@b.co"]], "has 'a@b.co' twice: name each address once"),
    ("alerting.emails", [["Bob<a@b.co>"], ["a@b..c"], ["a..b@c.de"], [".a@b.co"], [" a@b.co"], ["a@b.co,c@d.ee"]],
     "write an address such as team@example.com"),
    ("alerting.emails", [["a@localhost"], ["a@-b.co"], ["a@b.co."], ["x" * 65 + "@b.co"], ["a@b"], ["jörg@b.co"], [7]],
     "write an address such as team@example.com"),
    (f"{SUBSCRIPTION}.protocol", ["email"], "email needs an address such as team@example.com"),
    (SUBSCRIPTION, [{"protocol": "https", "endpoint": url} for url in (
        "https://hooks.slack.com/services/T/B/X", "https://hooks.slack.com./x", "https://discord.com/api/webhooks/1/x",
        "https://outlook.office.com/webhook/x", "https://acme.webhook.office.com/x", "https://chat.googleapis.com/v1/x")],
     "takes no messages of SNS's form; send them through Amazon Q in chat applications"),
    (SUBSCRIPTION, [{"protocol": "https", "endpoint": url} for url in (
        "https://localhost/x", "https://127.0.0.1/x", "https://10.0.0.1/x", "https://[::1]/x", "https://pager.internal/x")],
     "; give an address that the internet knows"),
    (SUBSCRIPTION, [{"protocol": "https", "endpoint": url} for url in ("https://pager", "https://a_b.com/x")],
     "its host is no name that the internet knows"),
    (SUBSCRIPTION, [{"protocol": "https", "endpoint": url} for url in ("http://x.de", "https://", "https://a b/c")],
     "https needs a URL that begins with https://"),
    (f"{SUBSCRIPTION}.endpoint", ["0170123456", "+1", "+49 170 1234567"], "sms needs a telephone number"),
    (SUBSCRIPTION, [{"protocol": "sqs", "endpoint": arn} for arn in (
        "https://sqs.eu.amazonaws.com/1/q", "arn:aws:sqs:eu-west-1:123456789012:q.fifo", "arn:aws:sqs:eu-west-1:1:q")],
     "that the topic may send to, no FIFO one"),
    (SUBSCRIPTION, [{"protocol": "lambda", "endpoint": "arn:aws:lambda:eu-west-1:123:function:f"}], "that SNS may inv"),
    # Tags.
    ("tags", [{"a*b": "c"}, {"a": "x;y"}, {"a": "b\n"}, {"a": "b\tc"}, {"a": "😀"}], "AWS takes letters, digits, spac"),
    ("tags", [{"aws:x": "y"}, {"AWS:x": "y"}, {"a" * 129: "b"}, {"": "b"}], "1 to 128 characters that do not start wi"),
    ("tags.a", ["b" * 257, None, ["x"]], "must be text of at most 256 characters"),
    ("tags", [{"Name": "x", "name": "y"}], "to IAM they are one name; keep one of them"),
    # Windows, and what is kept for them.
    ("model_quality", [{**BINARY, "start_time_offset": "-P1D", "end_time_offset": "-P3D"}, {**BINARY,
     "start_time_offset": "-PT0H"}, {**BINARY, "start_time_offset": "-P0D"}], "the window would end before it begins"),
    ("model_quality", [{**BINARY, "start_time_offset": "P1D"}], "must be a duration back in time such as -P1D or -PT6"),
    ("model_quality", [{**BINARY, "start_time_offset": "-P100D"}],
     "storage.captured_data_days is 90: windows of model_quality begin 2400 hours before their run, when their "
     "captures are gone; keep them for 100 days"),
    ("model_quality", [{**BINARY, "thresholds": {"accuracy": value}} for value in (95, -1, float("nan"), "high")],
     "model_quality.thresholds.accuracy is"),
    ("storage.captured_data_days", [0, 1.5, 40_000, "many"], "from 1 to 36500"),
    ("log_retention_in_days", [31, 0, -1, 10_000, 10**400, float("inf")], "log_retention_in_days is"),
    # Tables.
    ("baseline.data", [csv("a,a\n1,2\n"), csv("a, a\n1,2\n"), csv('"a","a"\n1,2\n')], "has the column 'a' twice"),
    ("baseline.data", [csv("a;b\n1;2\n"), csv("a\tb\n1\t2\n"), csv("a|b\n1|2\n")], "between its columns: write it wit"),
    ("baseline.data", [csv("a,b\n1\n"), csv("a,b\n1,2,3\n")], "names 2 columns, and its first row has"),
    ("baseline.data", [csv("1,2\n3,4\n"), csv("a,\n1,2\n")], "the first line must name the columns"),
    ("baseline.data", [csv("a,b\n"), csv("a,b\n\n\n"), csv("a,b\n,\n")], "has no row after its first line"),
    ("baseline.data", [csv("PAR1\x15\n1\n"), csv("PK\x03\x04\n1\n"), csv("a,\0b\n1,2\n")], "is no text (Parquet or an"),
    ("data_quality.exclude_features", [["zz"], ["2"]], "baseline.data has a, b; name one of these, or give its positi"),
    ("data_quality.exclude_features", [["a", "a"]], "names one of them twice; name each once"),
    ("data_quality.exclude_features", [["a", "b"], ["a", "1"]], "has every column of baseline.data: leave one to look"),
    ("data_quality.segments", [["zz"]], "baseline.data has a, b; name one of these, or add the column there"),
    ("data_quality.segments", [["a", "a"]], "names one of them twice; name each once"),
    # What machines there are.
    ("endpoint.instance_type", ["ml.m5.xlarg", "ML.m5.large", "m5.large", "ml.m5", "ml.m5.1xlarge"], "such as ml.m5.x"),
    ("data_quality.instance_type", ["ml.t2.medium", "ml.inf1.xlarge"], "SageMaker has it for endpoints and not for jo"),
    ("baseline.instance_type", ["ml.t2.medium", "ml.c6g.large"], "SageMaker has it for endpoints and not for jobs"),
    ("data_quality.schedule_expression", ["cron(0 24 ? * * *)", "rate(1 hour)", "NOW", "cron(30 * ? * * *)", "hourly"],
     "write cron(0 * ? * * *) (hourly)"),
    ("data_quality.schedule_expression", ["cron(0 0/5 ? * * *)"], "the hours between two runs must divide 24"),
    ("data_quality.max_runtime_in_seconds", [30, 7200, "long"], "from 60 to 3600"),
    ("data_quality.volume_size_in_gb", [0, 20_000], "must be from 1 to 16384"),
    # Keys, roles, networks.
    ("kms_key_arn", ["alias/x", "arn:aws:kms:eu-west-1:123456789012:alias/x", "arn:aws:kms::123456789012:key/x",
     "arn:aws:kms:nowhere:123456789012:key/x", "arn:aws:kms:eu-west-1:12:key/x"], "must be the ARN of a KMS key"),
    ("permissions_boundary_arn", [5, True, ["arn:aws:iam::123456789012:policy/x"],
     "arn:aws:iam::123456789012:role/x", "arn:aws:iam::12345:policy/x", "",
     "arn:aws:iam::123456789012:policy/a b"], "give the ARN of an IAM policy"),
    ("network.subnet_ids", [["subnet-zz"], ["sg-0a1b2c3d"], ["0a1b2c3d"]], "write IDs such as subnet-0a1b2c3d"),
    ("network", [{"subnet_ids": ["subnet-0a1b2c3d"] * 2, "security_group_ids": ["sg-0a1b2c3d"]}], "names one of them"),
    ("network", [{"subnet_ids": ["subnet-0a1b2c3d"]}], "network.security_group_ids is missing: a VPC needs both"),
    # Places in S3.
    ("endpoint", [{"existing": {"name": "churn", "capture_uri": uri}} for uri in (
        "s3://Bucket/x", "s3://a..b/x", "s3://1.2.3.4/x", "s3://xn--bucket/x", "s3://bucket-s3alias/x", "s3://b/x",
        "s3://bucket_name/x", "s3:/bucket/x", "s3://bucket/x?*", "arn:aws:s3:::bucket/x", f"s3://{'b' * 64}/x",
        "s3://bucket-/x", "s3://bucket.-x/y", "https://bucket.s3.amazonaws.com/x")],
     "must be DestinationS3Uri of the endpoint's data capture, such as s3://bucket/captures"),
    ("endpoint", [{"model_uri": uri} for uri in ("s3://Bucket/m.tar.gz", "s3://bucket/", "bucket/m.tar.gz")],
     "endpoint.model_uri is"),
    ("baseline", [{"existing": {"statistics_uri": "s3://bucket/s.json", "constraints_uri": "s3://bucket/s.json"}}],
     "baseline.existing.constraints_uri is 's3://bucket/s.json': it is statistics_uri too"),
    ("open_engine.result_tables_uri", ["s3://bucket", "s3://Bucket/x", "tables", 5], "must be account, or a place suc"),
    # Names and payloads of an endpoint.
    ("endpoint", [{"existing": {**EXISTING["existing"], "name": name}} for name in ("a_b", "a" * 64, "-a")], "the nam"),
    ("endpoint.variant_name", ["a_b", "a b", "a" * 64], "letters, digits and single hyphens"),
    ("endpoint.csv_content_types", [["text/csv", "text/csv"]], "names one of them twice; name each once"),
    ("endpoint.csv_content_types", [["application/json"]], "a payload is captured as one of the two; name it in one"),
    ("endpoint.environment", [{"A B": "c"}, {"1A": "c"}], "letters, digits and underscores"),
    ("endpoint.sampling_percentage", [0, 101], "must be from 1 to 100"),
    # Alarms and quiet hours.
    ("alerting.violations", [{"warning": {"threshold": 0}}], "must be from 1 to 1000000"),
    ("alerting.violations", [{"warning": {"threshold": 5}, "critical": {"threshold": 3}}], "must be at least 5, the w"),
    ("alerting.violations", [{"critical": {"effect": value}} for value in (0, 0.5, 1000)], "must be a number from 1.0"),
    ("alerting.violations", [{"warning": {"evaluation_periods": 200}}], "must be from 1 to 168"),
    (f"{QUIET}.schedule_expression", ["at(2026-02-31T12:00)"], "there is no such day"),
    (f"{QUIET}.schedule_expression", ["cron(0 0 31 2 *)", "cron(0 0 31 APR,JUN *)"], "no year has such a day"),
    (f"{QUIET}.schedule_expression", ["cron(0 22-6 * * *)", "cron(0 24 * * *)"], "its hour is"),
    (f"{QUIET}.schedule_expression", ["cron(0 22 ? * * *)", "rate(1 day)", ""], "schedule_expression is"),
    (f"{QUIET}.duration", ["PT0M", "P16D"], "must be from PT1M to P15D"),
    (f"{QUIET}.duration", ["P1D", "P2D"], "it lasts from one day's to the next: nobody would be told; shorten it"),
    (f"{QUIET}.timezone", ["Europe/Berln"], "Europe/Berlin"),
    (f"{QUIET}.severities", [["critical"]], "there is no such alarm; give it a threshold"),
    # The open engine's own numbers.
    ("open_engine.false_alarms_per_year", [0, -1, 2000], "must be a number from 0.001 to 1000.0"),
    ("open_engine.max_unreadable_share", [10, -0.1], "must be a number from 0.0 to 1.0"),
    ("open_engine.grace_in_minutes", [60, -1], "must be from 0 to 54"),
    ("open_engine.model_version", ["", "v" * 257, "a\nb", [3], {}], "must be text of 1 to 256 characters"),
    # The other kinds of monitors.
    ("bias.facets", [[{"name": "a", "values": ["f", "f"]}]], "has one of them twice; give each once"),
    ("bias.facets", [[{"name": "a"}, {"name": "a"}]], "is there already: give all of its values in one facet"),
    ("bias.positive_labels", [["1", "1"], ["1", 1.0]], "has one of them twice; give each once"),
    ("bias.features", [["a", "a", "b"]], "names one of them twice; name each once"),
    ("bias.group_variable", ["a"], "is a facet too: within one of its groups there is nothing to compare"),
    ("bias.baseline.constraints", [csv('{"pre_training_bias_metrics": {"facets": {"b": []}}}')],
     "bias.baseline.constraints has no facet 'a': it has b; give the analysis.json of these facets"),
    ("attribution.baseline.constraints", [csv('{"explanations": {"s": {"l": {"global_shap_values": {"a": 1}}}}}')],
     "attribution.baseline.constraints does not rank 'b', and attribution.features has a, b"),
    ("attribution.baseline.constraints", [csv('{"explanations": {"s": {"l": {"global_shap_values": {"a": "x"}}}}}'),
     csv('{"explanations": {"s": {}}}')], "has no global_shap_values that are numbers"),
    ("custom.monitors.rows", [{"script": SCRIPT, "above": {"n": 1}, "below": {"n": 5}}], "every number violates"),
    ("custom.monitors.rows", [{"script": SCRIPT, "above": {"": 1}}], "has a threshold without a name; name the number"),
    ("batch.partitions", [{"keys": ["dt", "dt"]}], "names one of them twice; name each once"),
    ("batch.output_uri", ["s3://Bucket/x", "s3://bucket/*", "bucket"], "must be an S3 folder such as s3://bucket/scores"),
    ("retraining.triggers.schedule", ["rate(0 days)", "rate(1 days)", "rate(5 weeks)", "cron(x)", "cron(0 4 * * * *)",
     "cron(0 4 ? * MON)", "monthly"], "must be rate(30 days), or cron(MINUTE HOUR DAY-OF-MONTH MONTH DAY-OF-WEEK"),
    ("retraining.triggers.alarms", [[{"kind": "data-quality", "severity": "critical"}]],
     "retraining.triggers.alarms[0].severity is 'critical': there is no such alarm; give alerting.violations.critical"),
    ("retraining.triggers.quality_floor", [{"metric": "acuracy", "floor": 0.9}, {"metric": "rmse", "floor": 0.9}],
     "of a BinaryClassification there are recall, precision"),
    ("retraining.comparison", [{"segment_by": ["zz"]}, {"facets": {"zz": ["1"]}}], "has 'zz': baseline.data has"),
    ("retraining.data.outputs", [["probability", "prediction"], ["age"], ["prediction", "nothing"]], "baseline.data b"),
    ("retraining.data.outputs", [[], [""]], "must be a list of the columns that the model answers with"),
    ("retraining.data.label", ["age", "prediction"], "the label is no part of a request, call it otherwise"),
    ("retraining.data.probability", ["age", 1], "must be one of prediction, probability"),
    ("retraining.data.quarantined_checks", [["data-type"], [1]], "must be a list of some of data_type_check"),
    ("retraining.comparison.facets", [["age"], {1: ["1"]}], "must be lists of values by feature"),
    ("retraining.comparison.facets", [{"age": value} for value in ("1", [], [None], 5)], "a list of the values that"),
    ("retraining.comparison.rule", [{"tolerence": 0.1}], "retraining.comparison.rule.tolerence is not an argument"),
    ("retraining.comparison.rule", [{"confidence": 95}, {"confidence": 0.5}], "must be a number from 0.501 to 0.9999"),
    ("retraining.comparison.rule", [{"tolerance": -1}, {"tolerance": "x"}, {"bias_tolerance": 5}], "must be a number"),
    ("retraining.training.hyperparameters", [{"depth": None}, {"depth": [3]}, {"depth": "x" * 2501}], "must be tex"),
    ("retraining.training.hyperparameters", [{"max depth": 3}, {"": 3}, {"sagemaker_program": "x"}], "has the name"),
    ("retraining.training.hyperparameters", [{"max_depth": 3, "max-depth": 4}], "differ in -, _ or capitals only"),
    ("retraining.training.program", ["main.py", "train", "../train.py", "train.sh"], "retraining.training."),
    # One value where a list is wanted: YAML is easily written without the dash.
    *((path, [5, 0, True, 1.5, "text", {"a": 1}, object()], "must be a list") for path in (
        "alerting.emails", "baseline.captures.columns", "batch.monitors", "batch.partitions.keys", "bias.facets",
        "bias.features", "bias.positive_labels", "bias.segments", "attribution.features", "attribution.segments",
        "data_quality.exclude_features", "data_quality.segments", "model_quality.segments",
        "endpoint.csv_content_types", "endpoint.json_content_types", "network.subnet_ids", f"{QUIET}.severities",
        "retraining.data.outputs", "retraining.comparison.segment_by", "retraining.data.quarantined_checks",
        "retraining.triggers.alarms")),
    ("bias.positive_labels", [[None], [[]], [{}]], "must be a list of 1 to"),
    ("retraining.data.holdout_hours", [0, -1, "day"], "must be a number from 0.1 to"),
    ("bias.inference_attribute", ["", " ", 5, "x" * 257], "bias.inference_attribute"),
    ("bias.label", ["", "\t"], "must be text that is not empty"),
    ("tags", [0, "", [], "cost=1"], "give a dictionary of names and values"),
    ("bias.group_variable", [["a"], {"a": 1}, 5], "bias.group_variable is"),
    ("retraining.data", [{"train_hours": 24, "holdout_hours": 24}, {"train_hours": 24, "gap_hours": 30}],
     "nothing is left to train on; give more"),
    ("retraining.training.instance_type", ["ml.t2.medium", "ml.c6g.large"], "for endpoints and not for training"),
    ("real_time", [{"layer": pulumi.AssetArchive({}), "max_record_age_in_seconds": 604_800}],
     "real_time.max_record_age_in_seconds is 604800: the stream keeps records for 24 hours; lower it"),
]  # fmt: skip
CASES = [(path, value, says) for path, values, says in REFUSED for value in values]
