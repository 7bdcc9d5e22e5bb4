"""The archive that jobs import the monitor from."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from components.archives.function import function_archive
from components.archives.monitor import (
    DRIFT_TOOLS,
    job_archive,
    job_archive_key,
    job_sources,
    packed_job_sources,
    with_job_sources,
)


def test_the_monitor_runs_from_the_archive_alone(tmp_path: Path) -> None:
    archive = tmp_path / "drift_tools.zip"
    archive.write_bytes(job_archive())
    program = (
        "import json, sys, drift_tools.monitor, drift_tools.job.inputs.merge\n"
        "print(json.dumps([drift_tools.monitor.__file__, sorted({name.split('.')[0] for name in sys.modules} & "
        "{'boto3', 'jinja2', 'matplotlib', 'rich', 'pandas', 'pulumi'})]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(archive)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stdout.strip() == f'["{archive}/drift_tools/monitor.py", []]'


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    copy = tmp_path / "drift_tools"
    for inside, path in job_sources():
        target = tmp_path / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__" / "monitor.cpython-311.pyc").write_bytes(b"x")
    assert packed_job_sources(copy) == job_archive()
    (copy / "monitor.py").write_bytes((copy / "monitor.py").read_bytes() + b"\n")
    assert job_archive_key(packed_job_sources(copy)) != job_archive_key(job_archive())


def test_what_is_in_it(tmp_path: Path) -> None:
    archive = tmp_path / "drift_tools.zip"
    archive.write_bytes(job_archive())
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
    assert "drift_tools/monitor.py" in names
    assert "drift_tools/measures/psi.py" in names
    assert not [name for name in names if name.startswith("drift_tools/report") or not name.endswith(".py")]
    assert names == sorted(names)


def test_a_function_with_the_monitor_in_it() -> None:
    files = with_job_sources(function_archive("monitor_window")).assets
    assert {"functions/monitor_window/handler.py", "functions/common/idempotency.py", "drift_tools/monitor.py"} <= set(
        files
    )
    assert (DRIFT_TOOLS / "monitor.py").as_posix() == files["drift_tools/monitor.py"].path  # type: ignore[union-attr]
