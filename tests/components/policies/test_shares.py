"""Where several instances of a run hand their shares over, and what else their role may write."""

from components.iam.context import AwsContext
from components.monitors.open_engine.policies import run_policy

PLACE = AwsContext(partition="aws", region="eu-west-1", account_id="123456789012")
IMAGE = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"


def written(*, shares: bool = False) -> set[str]:
    document = run_policy(PLACE, bucket="b", image_uri=IMAGE, shares=shares)
    return {
        resource
        for statement in document["Statement"]
        if "s3:PutObject" in statement["Action"]
        for resource in statement["Resource"]
    }


def test_one_instance_writes_results_its_windows_and_lines_for_sql_only() -> None:
    places = ("monitoring-results", "monitor-windows", "result-tables")
    assert written() == {f"arn:aws:s3:::b/{place}/*" for place in places}


def test_several_may_hand_their_shares_over() -> None:
    assert written(shares=True) - written() == {"arn:aws:s3:::b/monitor-state/shards/*"}
