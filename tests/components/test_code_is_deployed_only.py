"""Code: only deployments write it, and the same commit gives the same bytes of it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contract import bucket_layout
from tests.components.mocked_runtime import Run
from tests.components.registered import statements

PROJECT = Path(__file__).resolve().parents[2]
CODE = (bucket_layout.MONITORING_SCRIPTS, bucket_layout.JOB_CODE, bucket_layout.MODEL_ARTIFACTS)
WRITES = {"s3:PutObject", "s3:DeleteObject", "s3:*", "*"}


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def test_no_role_may_write_code(any_stack: Run) -> None:
    """In no variant of the stack: who may write captures, labels or results can run nothing."""
    found = [
        arn.partition(":::")[2].partition("/")[2]
        for _, item in statements(any_stack)
        if item["Effect"] == "Allow" and WRITES & {*_listed(item["Action"])}
        for arn in _listed(item["Resource"])
        if ":s3:::" in arn
    ]
    assert any(key.startswith(bucket_layout.MONITORING_RESULTS) for key in found), "runs write results"
    assert not [key for key in found if key.startswith(CODE) or key in {"*", ""}]


# In a process of its own, as a build on another machine: other hashes of strings, another order of a folder's files.
BUILD = """
import gc
gc.disable()  # the SDK's classes stay, and nothing else is there for long
import hashlib, os, pathlib, random, sys, tempfile, zipfile
listed = pathlib.Path.rglob
chance = random.Random(int(sys.argv[1]))
def shuffled(self, pattern):
    found = list(listed(self, pattern))
    chance.shuffle(found)
    return iter(found)
pathlib.Path.rglob = shuffled
from components.archives.function import FUNCTIONS, function_files
from components.archives.model import model_archive
from components.archives.monitor import job_archive
from components.archives.numpy_layer import layer_archive
from components.archives.sources import zip_archive
with tempfile.TemporaryDirectory() as name:
    # Wheels of the same files, packed at another time and in another order.
    files = [(f"pack{number}/part.py", bytes([number]) * 1000) for number in range(5)]
    files.append(("pack0/_c.so", b"\\x7fELF" * 99))
    for wheel in ("one-1-py3-none-any.whl", "two-1-py3-none-any.whl"):
        with zipfile.ZipFile(pathlib.Path(name) / wheel, "w") as file:
            for inside, content in sorted(files, reverse=sys.argv[1] == "2"):
                moment = (2020 + int(sys.argv[1]), 1, 2, 3, 4, 6)
                file.writestr(zipfile.ZipInfo(f"{wheel[:3]}/{inside}", moment), content)
    print("layer", hashlib.sha256(layer_archive(sorted(pathlib.Path(name).glob("*.whl")))).hexdigest())
print("monitor", hashlib.sha256(job_archive()).hexdigest())
print("model", hashlib.sha256(model_archive(pathlib.Path("model/artifact"))).hexdigest())
for folder in sorted(path.parent.name for path in FUNCTIONS.glob("*/handler.py")):
    files = function_files(folder)
    archive = zip_archive((inside, path.read_bytes()) for inside, path in files.items())
    print(folder, hashlib.sha256(archive).hexdigest())
"""


def test_two_builds_give_the_same_bytes_of_every_archive() -> None:
    def built(seed: str) -> list[str]:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC{seed}", "PYTHONPATH": str(PROJECT)}
        ran = subprocess.run(
            [sys.executable, "-c", BUILD, seed],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout.splitlines()

    first, second = built("1"), built("2")
    assert first == second
    assert len(first) >= 9
    assert first[0].startswith("layer ")
    assert len({line.split()[1] for line in first}) == len(first)


def test_what_is_written_where_code_lies_would_be_noticed() -> None:
    with pytest.raises(AssertionError):
        test_no_role_may_write_code(_Careless())  # type: ignore[arg-type] # a run with one policy


class _Careless:
    """A stack whose one policy lets its role write scripts."""

    class _Policy:
        name = "careless"
        inputs = {  # noqa: RUF012 - a fake
            "policy": '{"Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": '
            '["arn:aws:s3:::b/captured-data/*", "arn:aws:s3:::b/monitoring-scripts/x"]}]}'
        }

    resources = (_Policy(),)
