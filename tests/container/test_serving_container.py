"""The model's container starts without a network: AWS's own serving packages, at the image's versions, our archive.

`serve` of the scikit-learn image installs the user's script with pip each time it starts. A pip that builds in
isolation downloads the build's tools first, and a container with network isolation has nowhere to download from: the
endpoint ends `Failed`. Which pip the image has is the image's affair; so its packages are what is run here.
"""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from components.archives import write_model_archive
from components.endpoint.endpoint import serving_environment
from local_aws.sagemaker.archives import unpack

PROJECT = Path(__file__).resolve().parents[2]
IMAGE = PROJECT / "build" / "serving" / "bin" / "python"
ROW = "0.1,0.2,0.3"

pytestmark = pytest.mark.skipif(
    not IMAGE.is_file(), reason="the image's packages are not there: make serving (it needs Python 3.12)"
)


@cache
def may_isolate() -> bool:
    """Whether this machine lets us make a network namespace; some runners do not."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode == 0


@pytest.fixture
def container(tmp_path: Path) -> Path:
    """A Python with the image's packages, in which the container may install; and `/opt/ml` with the model."""
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([IMAGE, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    [packages] = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    [image] = IMAGE.parents[1].glob("lib/python*/site-packages")
    paths = f"import site; site.addsitedir({str(image)!r})\n{Path(__file__).parent}\n"
    (packages / "image.pth").write_text(paths, encoding="utf-8")
    unpack(write_model_archive(PROJECT / "model" / "artifact", tmp_path / "build").read_bytes(), tmp_path / "ml/model")
    assert python.is_file()
    return tmp_path


def serve(container: Path, environment: dict[str, str]) -> tuple[dict[str, Any], str]:
    """What the probe found, and the container's log."""
    python, log = container / "venv" / "bin" / "python", container / "log"
    base = {
        "PATH": os.pathsep.join([str(python.parent), str(IMAGE.parent), "/usr/bin", "/bin"]),
        "HOME": str(container),
        "SAGEMAKER_BASE_DIR": str(container / "ml"),
        "SAGEMAKER_SERVING_MODULE": "framework:main",
        "PIP_RETRIES": "0",
        "SAGEMAKER_USE_NGINX": "false",  # a proxy before the server, which this machine does not have
    }
    inside = {key: value.replace("/opt/ml", str(container / "ml")) for key, value in environment.items()}
    if may_isolate():
        command, isolated = ["unshare", "-rn"], "isolated"
    else:  # the same to pip: no way out
        command, isolated, inside["HTTPS_PROXY"] = [], "open", "http://127.0.0.1:9"
    done = subprocess.run(
        [*command, python, Path(__file__).with_name("probe.py"), ROW, log, isolated],
        env=base | inside, capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found, log.read_text(encoding="utf-8")


def test_our_model_answers_without_a_network(container: Path) -> None:
    found, log = serve(container, serving_environment())
    assert found["ping"], log
    answer = found["invocation"]
    assert (answer["status"], answer["content_type"]) == (200, "text/csv; charset=utf-8")
    label, probability = answer["body"].split(",")
    assert label in {"0", "1"}
    assert 0 <= float(probability) <= 1


def test_without_our_setting_it_does_not_start(container: Path) -> None:
    """If this one fails, AWS's image needs the setting no more."""
    environment = serving_environment()
    del environment["PIP_NO_BUILD_ISOLATION"]
    found, log = serve(container, environment)
    assert not found["ping"]
    assert "InstallModuleError" in log
