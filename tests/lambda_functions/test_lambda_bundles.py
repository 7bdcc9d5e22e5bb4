"""Each function works from its archive alone: nothing of the repository on the path but the archive's own files."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from components.archives import function_files, function_handler
from components.archives.monitor import job_sources
from tests.lambda_functions.functions import FUNCTIONS

NAMES = [
    "alarm_responder",
    "check_endpoint",
    "compare_engines",
    "dead_letter_notice",
    "fleet_watch",
    "monitor_watch",
    "monitor_window",
    "processing_metrics",
    "retraining_step",
    "start_baseline",
    "start_monitor",
    "start_retraining",
]
# Has the monitor's code in its archive, and numpy in a layer.
COMPUTING = "stream_drift"
# boto3 comes with Lambda's runtime; here, from the environment that runs the tests.
_PROGRAM = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
module, name = sys.argv[2].rsplit(".", 1)
handler = getattr(importlib.import_module(module), name)
origins = {name: getattr(module, "__file__", None) or "" for name, module in list(sys.modules.items())}
own = sorted(name for name, file in origins.items() if file.startswith(sys.argv[1]))
foreign = sorted({name.split(".")[0] for name in origins} & {"drift_tools", "components", "local_aws", "numpy"})
print(json.dumps({"callable": callable(handler), "own": own, "foreign": foreign}))
"""


def bundle(name: str, target: Path) -> Path:
    """The archive as the deployment packs it."""
    with zipfile.ZipFile(target / f"{name}.zip", "w") as archive:
        for inside, path in function_files(name).items():
            archive.write(path, inside)
    return target / f"{name}.zip"


def test_every_function_is_tested() -> None:
    folders = {path.parent.name for path in FUNCTIONS.glob("*/handler.py")}
    assert folders == {*NAMES, COMPUTING}


def test_the_bundle_of_the_stream_brings_its_statistics_and_asks_for_numpy_only(tmp_path: Path) -> None:
    """scipy beside it would double the time that a cold start takes."""
    target = bundle(COMPUTING, tmp_path)
    with zipfile.ZipFile(target, "a") as archive:
        for inside, path in job_sources():
            if not inside.startswith("contract/"):
                archive.write(path, inside)
    program = _PROGRAM.replace('"numpy"}', '"numpy", "scipy", "pyarrow", "pandas"}')
    ran = subprocess.run(
        [sys.executable, "-I", "-c", program, str(target), function_handler(COMPUTING)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    assert (seen["callable"], seen["foreign"]) == (True, ["drift_tools", "numpy"])
    assert {"functions.stream_drift.handler", "drift_tools.stream.detector"} <= set(seen["own"])


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_imports_by_itself(name: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-I", "-c", _PROGRAM, str(bundle(name, tmp_path)), function_handler(name)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    own = {f"functions.{name}.{path.stem}" for path in (FUNCTIONS / name).glob("[!_]*.py")}
    seen = json.loads(ran.stdout)
    assert seen["callable"] is True
    assert seen["foreign"] == []
    assert own <= set(seen["own"])
