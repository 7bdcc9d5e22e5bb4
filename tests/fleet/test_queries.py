"""The tables in Glue and the named queries in Athena, deployed and executed, with the very rows that they answer."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from components.fleet import QUERIES, ResultTables
from contract.acknowledgement import Acknowledgement
from drift_tools.fleet import compact_tables, fill_tables, open_store
from drift_tools.result_rows import acknowledgement_line
from local_aws import LocalAws
from local_aws.apply import Deployment, Settings, deploy
from tests.fleet.runs import bias_files, drift_document, leave, quality_statistics, violations_document

TODAY = datetime.now(UTC).replace(hour=13, minute=0, second=0, microsecond=0)
ABOUT = {"account": "111122223333", "region": "eu-west-1", "variant": "Primary"}


def end(days_ago: int) -> str:
    return f"{TODAY - timedelta(days=days_ago):%Y-%m-%dT%H:%M:%SZ}"


def hour(days_ago: int) -> str:
    return f"{TODAY - timedelta(days=days_ago):%Y/%m/%d/%H}"


def data_quality(results: Path, endpoint: str, days_ago: int, drifted: list[str]) -> None:
    files: dict[str, Any] = {"drift.json": drift_document(drifted, end(days_ago))}
    if drifted:
        files["constraint_violations.json"] = violations_document(drifted)
    leave(results, endpoint, "data-quality", hour(days_ago), files)


def model_quality(results: Path, endpoint: str, days_ago: int, f1: float, *, called: bool) -> None:
    files = {"statistics.json": quality_statistics(f1), "drift.json": {"engine": "open"}}
    if called:
        files["constraint_violations.json"] = violations_document(["f1"], "metric_name")
    leave(results, endpoint, "model-quality", hour(days_ago), files)


def write_tables(folder: Path, tables: Any) -> None:
    """Three models: `churn` drifts since its second version, `fraud` since yesterday, `price` is silent."""
    for version, days in (("churn/1", (6, 5, 4)), ("churn/2", (3, 2, 1))):
        results = folder / version.replace("/", "-")
        for ago in days:
            data_quality(results, "churn", ago, ["amount"] if version == "churn/2" else [])
            model_quality(results, "churn", ago, 0.9 if version == "churn/1" else 0.7, called=ago == 1)
        leave(results, "churn", "bias", hour(ago), bias_files(0.05 if version == "churn/1" else 0.4))
        fill_tables(open_store(str(results)), tables, {**ABOUT, "version": version, "team": "payments"})
    data_quality(folder / "fraud", "fraud", 2, [])
    data_quality(folder / "fraud", "fraud", 1, ["amount"])
    fill_tables(open_store(str(folder / "fraud")), tables, {**ABOUT, "version": "fraud/1", "team": "risk"})
    for ago in (6, 5):
        data_quality(folder / "price", "price", ago, [])
    fill_tables(open_store(str(folder / "price")), tables, ABOUT)
    seen = Acknowledgement(by="ann", at=f"{end(1)[:11]}14:05:00+00:00", note="new form")
    name, line = acknowledgement_line("fraud", "fraud-data-quality", seen)
    tables.write({name: line})


@pytest.fixture(scope="module")
def deployed(
    fleet_cloud: LocalAws, fleet_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    found: list[ResultTables] = []

    def program() -> None:
        found.append(ResultTables("fleet", {"retain_data": False, "tags": {"Team": "platform"}}))

    deployment = deploy(program, fleet_settings, fleet_cloud)
    bucket = f"model-monitoring-results-{fleet_cloud.account_id}-{fleet_cloud.region}"
    tables = open_store(f"s3://{bucket}/result-tables", client=fleet_cloud.client("s3"))
    write_tables(tmp_path_factory.mktemp("results"), tables)
    # Some days are one compressed object, the last two are many small ones: both are read.
    compact_tables(tables, before=end(2)[:10])
    yield deployment
    deployment.destroy()


def ask(cloud: LocalAws, sql: str) -> list[list[str | None]]:
    """The rows that Athena answers, without their header; AssertionError with its reason if it refuses."""
    athena = cloud.client("athena")
    identifier = athena.start_query_execution(
        QueryString=sql, WorkGroup="fleet-results", QueryExecutionContext={"Database": "fleet_results"}
    )["QueryExecutionId"]
    deadline = time.monotonic() + 30
    while True:
        execution = athena.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]
        if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
            break
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"].get("StateChangeReason")
    rows = athena.get_query_results(QueryExecutionId=identifier)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows[1:]]


A, R = ABOUT["account"], ABOUT["region"]
# By the query's name: what it answers of the three models.
EXPECTED: dict[str, list[list[str | None]]] = {
    "what-drifted-last-week": [
        ["churn", "amount", "3", end(3), end(1), "1.25"],
        ["fraud", "amount", "1", end(1), end(1), "1.25"],
    ],
    "which-features-drift-most": [["churn", "amount", "6", "3", "0.5"], ["fraud", "amount", "2", "1", "0.5"]],
    "worst-models-now": [
        [A, R, "payments", "churn", "bias", "1", "0", None, end(1), "churn-bias"],
        [A, R, "payments", "churn", "data-quality", "1", "1", "2", end(1), "churn-data-quality"],
        [A, R, "payments", "churn", "model-quality", "1", "0", None, end(1), "churn-model-quality"],
        [A, R, "risk", "fraud", "data-quality", "1", "1", "2", end(1), "fraud-data-quality"],
    ],
    "quality-by-version": [
        ["churn", "Primary", "churn/1", "f1", "3", "0.9", "0.9", "0"],
        ["churn", "Primary", "churn/2", "f1", "3", "0.7", "0.7", "1"],
    ],
    "bias-by-version": [
        ["churn", "Primary", "churn/1", "DPPL of age > 40", "1", "0.05", "0.05", "0.05", "0"],
        ["churn", "Primary", "churn/2", "DPPL of age > 40", "1", "0.4", "0.4", "0.4", "1"],
    ],
    "drift-by-version": [
        ["churn", "Primary", "churn/1", "3", "0", "0.0"],
        ["churn", "Primary", "churn/2", "3", "3", "0.5"],
        ["fraud", "Primary", "fraud/1", "2", "1", "0.25"],
        ["price", "Primary", None, "2", "0", "0.0"],
    ],
    "who-acknowledged": [[f"{end(1)[:11]}14:05:00+00:00", "ann", "fraud", "fraud-data-quality", "new form"]],
    "not-acknowledged": [
        ["churn", "churn-bias", "1", end(1)],
        ["churn", "churn-data-quality", "1", end(1)],
        ["churn", "churn-model-quality", "1", end(1)],
    ],
    "silent-monitors": [[A, R, None, "price", "price-data-quality", "data-quality", end(5)]],
    "new-since-yesterday": [["fraud", "amount", end(1)]],
    "teams": [["payments", "1", "1"], ["risk", "1", "1"], ["no team", "1", "0"]],
    "findings-by-check": [["baseline_drift_check", "5", "2", "2"], ["bias_drift_check", "1", "1", "1"]],
    "unusable-records": [
        ["churn", "churn-data-quality", "3660", "60", "0.0164"],
        ["fraud", "fraud-data-quality", "1220", "20", "0.0164"],
        ["price", "price-data-quality", "1220", "20", "0.0164"],
    ],
}


def test_there_is_an_answer_for_every_query() -> None:
    assert sorted(EXPECTED) == [query.name for query in QUERIES]
    assert all(query.asks.endswith("?") for query in QUERIES)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_named_query_answers(deployed: Deployment, fleet_cloud: LocalAws, name: str) -> None:
    athena = fleet_cloud.client("athena")
    identifiers = athena.list_named_queries(WorkGroup="fleet-results")["NamedQueryIds"]
    named = {query["Name"]: query for query in athena.batch_get_named_query(NamedQueryIds=identifiers)["NamedQueries"]}
    rows = ask(fleet_cloud, named[name]["QueryString"])
    if name == "worst-models-now":  # the folder is this test's own
        rows = [[*row[:-1], str(row[-1]).rsplit("/", 5)[1]] for row in rows]
    assert rows == EXPECTED[name]


@pytest.mark.limit("a query over the tables of results")
def test_projection_decides_which_days_exist(deployed: Deployment, fleet_cloud: LocalAws) -> None:
    bucket = f"model-monitoring-results-{fleet_cloud.account_id}-{fleet_cloud.region}"
    s3 = fleet_cloud.client("s3")
    for day in ("1999-12-31", "no-day"):
        s3.put_object(Bucket=bucket, Key=f"result-tables/runs/day={day}/x.json", Body=b'{"endpoint":"old"}\n')
    days = ask(fleet_cloud, "SELECT DISTINCT day FROM runs ORDER BY day")
    assert days == [[end(ago)[:10]] for ago in (6, 5, 4, 3, 2, 1)]
    # A declared column that no line has is NULL, and one that nobody declared does not exist.
    assert ask(fleet_cloud, "SELECT max(judged_by), count(team) FROM runs WHERE endpoint = 'price'") == [
        ["own windows", "0"]
    ]
    athena = fleet_cloud.client("athena")
    workgroup = athena.get_work_group(WorkGroup="fleet-results")["WorkGroup"]["Configuration"]
    assert workgroup == {
        "EnforceWorkGroupConfiguration": True,
        "PublishCloudWatchMetricsEnabled": True,
        "BytesScannedCutoffPerQuery": 10 * 1024**3,
        "ResultConfiguration": {
            "OutputLocation": f"s3://{bucket}/athena-results/",
            "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
        },
    }


def test_what_is_no_sql_fails_with_a_reason(deployed: Deployment, fleet_cloud: LocalAws) -> None:
    with pytest.raises(AssertionError, match="SYNTAX_ERROR"):
        ask(fleet_cloud, "SELEC 1 FRM")


def test_a_query_that_would_read_too_much_is_stopped(deployed: Deployment, fleet_cloud: LocalAws) -> None:
    bucket = f"model-monitoring-results-{fleet_cloud.account_id}-{fleet_cloud.region}"
    key = f"result-tables/runs/day={end(1)[:10]}/large.json"
    s3, athena = fleet_cloud.client("s3"), fleet_cloud.client("athena")

    def limit(most: int) -> None:
        athena.update_work_group(WorkGroup="fleet-results", ConfigurationUpdates={"BytesScannedCutoffPerQuery": most})

    s3.put_object(Bucket=bucket, Key=key, Body=b'{"endpoint":"' + b"x" * 10_000_000 + b'"}\n')
    try:
        limit(10_000_000)  # the least that Athena takes
        with pytest.raises(AssertionError, match="Bytes scanned limit was exceeded"):
            ask(fleet_cloud, "SELECT count(*) FROM runs")
        assert ask(fleet_cloud, "SELECT count(*) FROM acknowledgements") == [["1"]]
    finally:
        limit(10 * 1024**3)
        s3.delete_object(Bucket=bucket, Key=key)
