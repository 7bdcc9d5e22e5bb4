"""The child process that answers for a model: SageMaker's contract, and what it must not be able to do."""

import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from drift_tools.errors import InputError
from drift_tools.monitors.attribution.model_process import ModelProcess, unpack
from tests.drift_tools.attribution.model_folder import folder

# Of what stands for 3.11.2 a newer Python says that it does without a filter.
pytestmark = pytest.mark.filterwarnings("ignore:Python 3.14 will, by default, filter:DeprecationWarning")

DEFAULTS = """
class Sum:
    def predict(self, rows):
        return rows.sum(axis=1)

def model_fn(model_dir):
    print("a script may print")
    return Sum()
"""
OWN = """
import json
def model_fn(model_dir):
    return open(model_dir + "/weight").read()
def input_fn(body, content_type):
    assert isinstance(body, str) and content_type == "application/json"
    return json.loads(body)["rows"]
def predict_fn(data, model):
    return [row * float(model) for row in data]
def output_fn(prediction, accept):
    return json.dumps(prediction), "application/json; charset=utf-8"
"""
TRANSFORM = (
    "def model_fn(d): return 3\ndef transform_fn(model, body, content_type, accept): return f'{model} {body} {accept}'"
)


def archive(tmp_path: Path, script: str) -> Path:
    (tmp_path / "m").mkdir()
    made = folder(tmp_path / "m", script)
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        tar.add(made, ".")
    return tmp_path / "model.tar.gz"


def test_the_containers_defaults(tmp_path: Path) -> None:
    with ModelProcess(archive(tmp_path, DEFAULTS)) as model:
        assert model.ask(b"1,2\n3,4\n") == (b"3.0\n7.0\n", "text/csv")
        assert model.ask(b"0,1\n0,2\n") == (b"1.0\n2.0\n", "text/csv")


def test_functions_of_ones_own(tmp_path: Path) -> None:
    with ModelProcess(folder(tmp_path, OWN), content_type="application/json", accept="application/json") as model:
        body, content_type = model.ask(b'{"rows": [2, 4]}')
        assert json.loads(body) == [5.0, 10.0]
        assert content_type == "application/json; charset=utf-8"


def test_one_function_for_all(tmp_path: Path) -> None:
    with ModelProcess(folder(tmp_path, TRANSFORM)) as model:
        assert model.ask(b"x") == (b"3 x text/csv", "text/csv")


@pytest.mark.parametrize(
    "deed",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/')",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
    ],
    ids=["connect", "fetch", "run", "shell", "fork"],
)
def test_no_network_and_no_other_programs(tmp_path: Path, deed: str) -> None:
    script = f"def model_fn(d): return 0\ndef transform_fn(*a):\n    {deed}\n    return 'done'"
    with ModelProcess(folder(tmp_path, script)) as model, pytest.raises(InputError, match="neither network nor"):
        model.ask(b"")


def test_no_credentials_and_no_modules_of_the_monitor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "PYTHONPATH"):
        monkeypatch.setenv(name, str(Path(__file__).parents[3]))
    script = """
import importlib.util, os
def model_fn(d): return 0
def transform_fn(*a):
    return " ".join(sorted(os.environ)) + " " + str(importlib.util.find_spec("drift_tools"))
"""
    with ModelProcess(folder(tmp_path, script)) as model:
        words = model.ask(b"")[0].decode().split()
    assert not {word for word in words if word.startswith(("AWS", "PYTHON"))}
    assert words[-1] == "None"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("x = 1", "has no model_fn"),
        ("def model_fn(d): raise ValueError('no such file: w.bin')", "ValueError: no such file: w.bin"),
        ("import a_module_that_is_not_there", "ModuleNotFoundError"),
        ("import os\nos._exit(3)", "has ended: exit status 3"),
        (
            "import sys\ndef model_fn(d): sys.stderr.write('out of luck'); sys.stderr.flush(); import os; os._exit(1)",
            "out of luck",
        ),
    ],
)
def test_a_model_that_does_not_start_says_why(tmp_path: Path, script: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        ModelProcess(folder(tmp_path, script))


def test_a_request_that_fails_leaves_the_model_usable(tmp_path: Path) -> None:
    script = "def model_fn(d): return 0\ndef transform_fn(m, b, c, a):\n    return str(1 / len(b))"
    with ModelProcess(folder(tmp_path, script)) as model:
        with pytest.raises(InputError, match="ZeroDivisionError"):
            model.ask(b"")
        assert model.ask(b"ab")[0] == b"0.5"


def test_one_that_hangs_is_given_up(tmp_path: Path) -> None:
    script = "import threading\ndef model_fn(d): return 0\ndef transform_fn(*a): threading.Event().wait()"
    with ModelProcess(folder(tmp_path, script), seconds=1.5) as model, pytest.raises(InputError, match=r"in 1.5 s"):
        model.ask(b"x")


def test_nothing_is_left(tmp_path: Path) -> None:
    model = ModelProcess(folder(tmp_path, DEFAULTS))
    child, unpacked = model._process.pid, Path(model._folder.name)
    model.close()
    assert not unpacked.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


@pytest.fixture(params=["own", "3.11.2"])
def tarfile_of(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """This Python's own tarfile, and that of Debian 12's Python 3.11.2, which has no filters."""
    if request.param == "3.11.2":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)


def packed(path: Path, **attributes: object) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        entry = tarfile.TarInfo()
        for name, value in attributes.items():
            setattr(entry, name, value)
        entry.size = 1 if entry.isfile() else 0
        tar.addfile(entry, io.BytesIO(b"x"))
    return path


@pytest.mark.usefixtures("tarfile_of")
@pytest.mark.parametrize("name", ["../outside", "/tmp/outside"])
def test_an_archive_cannot_leave_its_folder(tmp_path: Path, name: str) -> None:
    made = packed(tmp_path / "m.tar.gz", name=name)
    (tmp_path / "in").mkdir()
    if name.startswith("/"):
        unpack(made, tmp_path / "in")
        assert (tmp_path / "in/tmp/outside").read_bytes() == b"x"
    else:
        with pytest.raises(InputError, match="cannot be unpacked"):
            unpack(made, tmp_path / "in")
    assert not (tmp_path / "outside").exists()


@pytest.mark.usefixtures("tarfile_of")
@pytest.mark.parametrize("linkname", ["../outside", "/etc/passwd"])
@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_no_link_leads_out_of_it(tmp_path: Path, kind: bytes, linkname: str) -> None:
    made = packed(tmp_path / "m.tar.gz", name="link", type=kind, linkname=linkname)
    (tmp_path / "outside").write_bytes(b"theirs")
    (tmp_path / "in").mkdir()
    with pytest.raises(InputError, match="cannot be unpacked"):
        unpack(made, tmp_path / "in")
    assert not list((tmp_path / "in").iterdir())


@pytest.mark.usefixtures("tarfile_of")
def test_owners_and_rights_are_this_process_s(tmp_path: Path) -> None:
    made = packed(tmp_path / "m.tar.gz", name="./code/script", mode=0o6777, uid=12345, gid=12345, uname="x", gname="x")
    script = unpack(made, tmp_path) / "code" / "script"
    assert (script.stat().st_uid, script.stat().st_gid) == (os.getuid(), os.getgid())
    assert script.stat().st_mode & 0o7777 == 0o755


def test_what_is_no_archive_is_said(tmp_path: Path) -> None:
    (tmp_path / "model.tar.gz").write_bytes(b"no archive")
    with pytest.raises(InputError, match=r"model\.tar\.gz cannot be unpacked"):
        ModelProcess(tmp_path / "model.tar.gz")
