"""`make demo` as somebody runs it: its findings, and what is left when it is interrupted or loses its server."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from examples.employment.feed import FEATURES

PROJECT = Path(__file__).resolve().parents[2]
LIMIT = 900  # seconds for the whole demo, which takes some minutes where other tests run beside it
DEPLOYED = "  deploy: "  # from this line on a job of the baseline's and the model run beside the server
# The processes of a run are found by its temporary directory, in /proc.
needs_proc = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="processes are looked up in /proc")


MODULE = ("-m", "examples.demo")


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    output = tmp_path_factory.mktemp("demo")
    run = subprocess.run(
        [sys.executable, *MODULE, "--output", str(output)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    found: dict[str, Any] = json.loads((output / "summary.json").read_text())
    found["page"] = (output / "report.html").read_text()
    found["printed"] = run.stdout
    return found


def test_the_recipe_is_told_by_one_notification(findings: dict[str, Any]) -> None:
    columns = ["prediction", "probability", "feature_1", "feature_2", "feature_3"]
    recipe = findings["scenarios"]["recipe"]
    alarm, stream = recipe.pop("alarm"), recipe.pop("stream")
    assert recipe == {
        "baseline_window": {"status": "Completed", "violations": 0, "drifted_features": [], "rows": 600},
        "anomalous_window": {
            "status": "CompletedWithViolations",
            "violations": 5,
            "drifted_features": columns,
            "rows": 600,
        },
        "notifications": 1,
        "cross_check": {"agreed": columns, "monitor_only": [], "local_only": []},
    }
    assert alarm["state"] == "ALARM"
    assert alarm["name"].startswith("model-monitoring-dev-data-quality-violations-")
    # The one notification is the stream's, within a minute; the hourly monitor found the same, and told nobody again.
    assert 0 <= stream.pop("delay_seconds") <= 60
    assert stream == {"records": 1200, "lost": 0, "notifications": 1}


def test_a_second_delivery_of_the_alarm_is_seen_to_be_one(findings: dict[str, Any]) -> None:
    printed = " ".join(findings["printed"].split())
    assert "the same alarm, delivered a second time: it answers: duplicate" in printed


def test_the_faults_of_the_employment_feed_are_found_by_both(findings: dict[str, Any]) -> None:
    employment = findings["scenarios"]["employment"]
    assert employment["baseline_window"] == {
        "status": "Completed",
        "violations": 0,
        "drifted_features": [],
        "rows": 1_500,
    }
    assert employment["anomalous_window"]["status"] == "CompletedWithViolations"
    assert employment["anomalous_window"]["rows"] == 1_000
    assert {"AGEP", "RELP"} <= set(employment["cross_check"]["agreed"])
    # Nothing else of the feed was touched, so nothing else of it may be called drifted by either.
    said = {name for names in employment["cross_check"].values() for name in names}
    assert said <= {"AGEP", "RELP", "prediction", "probability"}
    assert employment["alarm"]["state"] == "ALARM"
    assert employment["notifications"] == 1


def test_every_year_has_its_window_and_its_model_quality(findings: dict[str, Any]) -> None:
    employment = findings["scenarios"]["employment"]
    assert {label: window["rows"] for label, window in employment["windows"].items()} == {
        "2016": 1_500,
        "2017": 1_500,
        "2018": 1_500,
    }
    assert list(employment["model_quality"]) == ["2015", "2016", "2017", "2018"]
    bias, attribution = employment["bias"], employment["attribution"]
    assert bias["facet"] == "SEX"
    assert -1 <= bias["metrics"]["DPPL"] <= 1
    assert {item["facet"] for item in bias["violations"]} <= {"SEX"}
    assert sorted(attribution["ranking"]) == sorted(FEATURES)
    # Violations are those of a ranking below 0.9, and only those.
    assert len(attribution["violations"]) <= int(attribution["ndcg"] < 0.9)
    for figures in employment["model_quality"].values():
        assert list(figures) == ["accuracy", "precision", "recall", "f1", "auc"]
        # About half of the people are employed: a constant answer would be right for 0.53 of them at most.
        assert 0.75 < figures["accuracy"] < 0.95
        assert 0.8 < figures["auc"] < 1.0


def test_nothing_is_left_and_every_step_is_checked(findings: dict[str, Any]) -> None:
    assert findings["resources_created"] == 206  # 12 of them the stream's
    assert findings["resources_left"] == 0
    assert 0 < findings["seconds"] < LIMIT
    assert len(findings["checks"]) == 20
    assert all(findings["checks"].values())


def test_the_page_opens_without_a_network(findings: dict[str, Any]) -> None:
    page = findings["page"]
    assert page.startswith("<!DOCTYPE html>")
    # Whatever a browser would load is in the file itself.
    assert re.findall(r'(?:\ssrc|<link[^>]*\shref)="(?!data:)[^"]*"|@import|url\((?!["\']?(?:data:|#))', page) == []
    for told in ("RELP_20", "AGEP", "CompletedWithViolations", "2018 with faults in the feed"):
        assert told in page


@needs_proc
def test_control_c_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    with running(tmp_path) as demo:
        wait_for_line(demo, DEPLOYED)
        os.killpg(demo.pid, signal.SIGINT)  # as a terminal does: to everybody in front of it
        _, complaint = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert complaint.strip() == "stopped; the embedded AWS and everything in it are gone"
    assert processes_of(tmp_path) == []
    assert list((tmp_path / "tmp").iterdir()) == []


# A machine without Pulumi's CLI deploys by `local_aws.apply`, in seconds.
WITHOUT_CLI = """
import runpy
from examples.demo import deploying
deploying.search_path = lambda: ""
runpy.run_module("examples.demo", run_name="__main__")
"""


@needs_proc
def test_a_killed_server_ends_the_demo_with_a_plain_word(tmp_path: Path) -> None:
    with running(tmp_path, "-c", WITHOUT_CLI) as demo:
        wait_for_line(demo, DEPLOYED)
        for process, line in processes_of(tmp_path, seconds=0):
            if "local_aws.server" in line or "server.py" in line:
                os.kill(process, signal.SIGKILL)
        _, complaint = demo.communicate(timeout=60)
    assert demo.returncode == 1
    assert "the demo stopped: " in complaint
    assert "Traceback" not in complaint
    assert processes_of(tmp_path) == []


@contextmanager
def running(directory: Path, *program: str) -> Iterator["subprocess.Popen[str]"]:
    """The demo of the recipe; `program` in place of the module is what Python runs."""
    (directory / "tmp").mkdir()
    demo = subprocess.Popen(
        [
            *(sys.executable, *(program or MODULE)),
            *("--scenario", "recipe", "--output", str(directory / "output")),
        ],
        cwd=PROJECT,
        env=os.environ | {"TMPDIR": str(directory / "tmp"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield demo
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGKILL)
            demo.wait()


def wait_for_line(demo: "subprocess.Popen[str]", text: str) -> None:
    assert demo.stdout is not None
    for line in demo.stdout:
        if text in line:
            return
    raise AssertionError(f"the demo ended without a line that says {text!r}: {demo.communicate()[1]}")


def processes_of(directory: Path, seconds: float = 10.0) -> list[tuple[int, str]]:
    """Processes that name the directory in their command line; those that are ending are given some seconds."""
    limit = time.monotonic() + seconds
    while True:
        found = []
        for entry in Path("/proc").iterdir():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except (OSError, ValueError):
                continue
            if entry.name.isdigit() and f"{directory}/tmp" in line:
                found.append((int(entry.name), line))
        if not found or time.monotonic() > limit or seconds == 0:
            return found
        time.sleep(0.1)


def test_an_interruption_while_it_loads_is_one_line() -> None:
    """The second in which Pulumi is imported is when somebody sees that this is the wrong folder."""
    code = """
import os, runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "grpc._cython.cygrpc":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
runpy.run_module("examples.demo", run_name="__main__")
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert (run.returncode, run.stdout) == (130, "")
    assert run.stderr == "\nstopped; the embedded AWS and everything in it are gone\n"
