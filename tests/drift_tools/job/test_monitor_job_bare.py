"""The job from its archive, in Python environments that have nothing but what is there where it runs.

That of AWS's image: aws/deep-learning-containers, docker/sklearn/1.9-0/pyproject.toml (Python 3.12, of its packages
those that a monitor might import). That of the function for small windows: the layer's files on Python 3.13. They are
made once, below build/bare, named after what is in them. In each one process loads the job from the archive, and every
run is a fork of it: what a run shares with the others is what it would have imported anyway.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO

import pyarrow.parquet as pq
import pytest

from components.archives import numpy_layer as layer
from components.archives.monitor import job_archive
from drift_tools.tables import read_table
from tests.drift_tools.open_box import BASELINE, CSV, NAMESPACE, QUALITY, SKETCH, Box, captured, make_baseline, rows
from tests.drift_tools.records import label, record, write

PROJECT = Path(__file__).resolve().parents[3]
IMAGE = ("numpy==2.5.1", "scipy==1.18.0", "pyarrow==25.0.0", "boto3==1.43.46")
LOCKED = tuple(re.findall(r"^(\S+==\S+)", layer.REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE))
# boto3 is in Lambda's runtime.
LAYER = (*LOCKED, "boto3==1.43.46")


@dataclass(frozen=True)
class Bare:
    """A Python that has these packages and no others."""

    python: Path
    site: Path


def uv(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.prefix) / "bin" / "uv"
    found = str(program) if program.is_file() else shutil.which("uv")
    if found is None:
        pytest.skip("uv is not installed: make sets it up in .venv")
    return subprocess.run([found, *arguments], capture_output=True, text=True, check=False)


def find_python(version: str) -> str | None:
    """Where uv finds it, or else pyenv keeps it."""
    found = uv("python", "find", "--no-python-downloads", "--no-project", version)
    if found.returncode == 0:
        return found.stdout.strip()
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    kept = sorted(versions.glob(f"{version}.*/bin/python"))
    return str(kept[-1]) if kept else None


def environment(version: str, packages: Sequence[str], *, pruned: bool) -> Bare:
    """A virtual environment, made unless it is there. Skips where there is no such Python, or no network."""
    python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine: the job runs on it in the cloud")
    name = hashlib.sha256(json.dumps([python, packages, pruned]).encode()).hexdigest()[:16]
    target = PROJECT / "build" / "bare" / name
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{name}.{os.getpid()}")
        made = uv("venv", "--quiet", "--python", python, str(partial))
        assert made.returncode == 0, made.stderr
        install = ("pip", "install", "--quiet", "--only-binary", ":all:", "--python", str(partial), *packages)
        installed = uv(*install)
        if installed.returncode:
            shutil.rmtree(partial)
            pytest.skip(f"the packages could not be installed: {installed.stderr.strip().splitlines()[-1]}")
        if pruned:
            prune(partial)
        try:
            partial.rename(target)
        except OSError:  # another process was first
            shutil.rmtree(partial)
    (site,) = target.glob("lib/python*/site-packages")
    return Bare(target / "bin" / "python", site)


def prune(folder: Path) -> None:
    """Take away what the layer leaves out."""
    (site,) = folder.glob("lib/python*/site-packages")
    for path in sorted(site.rglob("*")):
        inside = path.relative_to(site)
        if path.is_file() and inside.parts[0] in ("numpy", "scipy") and not layer.is_needed(inside.as_posix()):
            path.unlink()


@pytest.fixture(scope="module")
def image() -> Bare:
    return environment("3.12", IMAGE, pruned=False)


@pytest.fixture(scope="module")
def function() -> Bare:
    return environment("3.13", LAYER, pruned=True)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("code") / "drift_tools.zip"
    path.write_bytes(job_archive())
    return path


LIMIT_SECONDS = 120

# Loads what every run loads, and so not scipy.stats: without it some p-values are counted in another way. Then a line
# in is a run, as `python -m drift_tools.monitor` would be, a line out its status.
PROGRAM = """
import json, os, runpy, sys
import drift_tools.job.judge, drift_tools.job.program
for line in sys.stdin:
    root, variables = json.loads(line)
    run = os.fork()
    if not run:
        os.dup2(2, 1)
        os.chdir(root)
        os.environ.update(variables)
        sys.argv[1:] = ["--ml-root", root]
        runpy.run_module("drift_tools.monitor", run_name="__main__", alter_sys=True)
    print(os.waitstatus_to_exitcode(os.waitpid(run, 0)[1]), flush=True)
"""


class LoadedJob:
    """A process of a bare Python that has loaded the job from the archive, and runs it."""

    def __init__(self, bare: Bare, archive: Path, errors: IO[str]) -> None:
        self.bare, self.errors = bare, errors
        self.process = subprocess.Popen(
            [str(bare.python), "-c", PROGRAM],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(archive), "PYTHONWARNINGS": "error"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )

    def run(self, root: Path, variables: Mapping[str, str]) -> int:
        assert self.process.stdin
        assert self.process.stdout
        limit = threading.Timer(LIMIT_SECONDS, self.process.kill)
        limit.start()
        print(json.dumps([str(root), variables]), file=self.process.stdin, flush=True)
        status = self.process.stdout.readline()
        limit.cancel()
        self.errors.seek(0)
        said = self.errors.read()
        assert "Traceback" not in said, said
        assert status, f"the run took more than {LIMIT_SECONDS} s, or its process ended: {said}"
        return int(status)


@pytest.fixture(scope="module", params=["image", "function"])
def loaded(
    request: pytest.FixtureRequest, archive: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LoadedJob]:
    with (tmp_path_factory.mktemp("loaded") / "errors").open("w+") as errors:
        job = LoadedJob(request.getfixturevalue(request.param), archive, errors)
        with job.process:  # which ends with its input
            yield job


class BareBox(Box):
    """A container whose Python is the bare one, and whose code is the archive."""

    def __init__(self, root: Path, job: LoadedJob) -> None:
        super().__init__(root)
        self.job = job
        self.aws: dict[str, str] = {}

    def run(self, **environment: str | None) -> int:
        self.root.mkdir(parents=True, exist_ok=True)
        return self.job.run(
            self.root, self.aws | {name: value for name, value in environment.items() if value is not None}
        )


@pytest.fixture
def box(loaded: LoadedJob, tmp_path: Path) -> BareBox:
    return BareBox(tmp_path / "ml", loaded)


@pytest.fixture
def cloudwatch() -> Iterator[tuple[str, list[str]]]:
    """An address that takes metrics, and the operations that were asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(self.headers.get("X-Amz-Target", self.path))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_only_these_packages_are_there(image: Bare, function: Bare) -> None:
    for bare, there, absent in ((image, "pyarrow", "pandas"), (function, "scipy", "pyarrow")):
        assert (bare.site / there).is_dir()
        assert not (bare.site / absent).exists()
    assert not list((function.site / "numpy").rglob("*.h"))


def test_data_quality_from_the_baseline_to_the_published_metrics(
    box: BareBox, cloudwatch: tuple[str, list[str]]
) -> None:
    make_baseline(box)
    captured(box, rows(600, 1, shift=1.5))
    address, asked = cloudwatch
    box.aws = {
        "AWS_ENDPOINT_URL_CLOUDWATCH": address,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    assert box.scheduled(metric_namespace=NAMESPACE) == 0, box.message
    assert box.message.startswith("CompletedWithViolations: ")
    assert box.drift["method"] == "exact"
    assert box.drift["drifted_features"] == ["prediction", "probability", "amount"]
    assert [operation.rpartition(".")[2] for operation in asked] == ["PutMetricData"]
    assert "feature_psi_amount" in box.metrics()
    assert box.scheduled(**SKETCH) == 0, box.message
    assert box.drift["method"] == "sketch"
    assert box.drift["drifted_features"] == ["prediction", "probability", "amount"]


def test_a_parquet_baseline(box: BareBox) -> None:
    make_baseline(box)
    captured(box, rows(600, 1))
    pq.write_table(read_table(box.baseline_data).to_arrow(), box.baseline_data.with_suffix(".parquet"))
    assert box.scheduled(baseline_dataset=BASELINE.replace(".csv", ".parquet")) == 0, box.message
    has_pyarrow = (box.job.bare.site / "pyarrow").is_dir()
    assert box.drift["method"] == ("exact" if has_pyarrow else "sketch")
    assert ("method_reason" in box.drift) is not has_pyarrow


def test_model_quality_with_its_baseline(box: BareBox) -> None:
    write(
        box.baseline_data,
        ["prediction,probability,label", *(f"{i % 2},{0.2 + 0.6 * (i % 2)},{i % 2}" for i in range(300))],
    )
    baseline = {
        "analysis_type": "MODEL_QUALITY",
        "problem_type": "BinaryClassification",
        "inference_attribute": "prediction",
        "probability_attribute": "probability",
        "ground_truth_attribute": "label",
        "dataset_format": CSV,
        "dataset_source": str(box.baseline_data.parent),
        "output_path": "/opt/ml/processing/output",
    }
    assert box.run(**baseline) == 0, box.message
    constraints = box.processing / "baseline" / "constraints" / "constraints.json"
    constraints.parent.mkdir(parents=True)
    (box.output / "constraints.json").rename(constraints)
    write(
        box.captured / "ep/Primary/2026/01/01/10/a.jsonl",
        [record("1,2", f"{i % 2},{0.2 + 0.6 * (i % 2)}", event_id=f"e{i}") for i in range(100)],
    )
    write(box.processing / "input" / "ground_truth" / "l.jsonl", [label(f"e{i}", "1") for i in range(80)])
    run = QUALITY | {
        "baseline_constraints": "/opt/ml/processing/baseline/constraints/constraints.json",
        "publish_cloudwatch_metrics": "Disabled",
    }
    assert box.scheduled(**run) == 0, box.message
    assert box.message.startswith("CompletedWithViolations: ")
    metrics = json.loads((box.output / "statistics.json").read_bytes())["binary_classification_metrics"]
    assert metrics["accuracy"]["value"] == 0.5
    assert box.drift["records"]["skipped"] == {"no groundTruthData": 20}
