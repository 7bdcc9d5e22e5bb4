"""The layer for small windows, of wheels made here; nothing is downloaded."""

import io
import re
import zipfile
from pathlib import Path

import pytest

from components.archives import numpy_layer as layer
from components.functions.function import RUNTIME

FILES = {
    "num/__init__.py": "ONE = 1\n",
    "num/core.cpython-313-aarch64-linux-gnu.so": "\x7fELF",
    "num/core.pyi": "ONE: int\n",
    "num/include/num.h": "int one;\n",
    "num/tests/test_one.py": "assert False\n",
    "num/tests_of_fit.py": "FIT = True\n",
    "num/__pycache__/x.cpython-313.pyc": "",
    "num-1.0.dist-info/licenses/LICENSE": "free\n",
    "num.libs/libblas.so.3": "\x7fELF",
}


def wheel(
    folder: Path, tag: str = "cp313-cp313-manylinux_2_28_aarch64", name: str = "num", reverse: bool = False
) -> Path:
    path = folder / f"{name}-1.0-{tag}.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in sorted(FILES.items(), reverse=reverse):
            archive.writestr(inside.replace("num", name), text)
    return path


def test_what_runs_nothing_is_left_out(tmp_path: Path) -> None:
    data = layer.layer_archive([wheel(tmp_path), wheel(tmp_path, "py3-none-any", "pure")])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
    own = [
        "python/num-1.0.dist-info/licenses/LICENSE",
        "python/num.libs/libblas.so.3",
        "python/num/__init__.py",
        "python/num/core.cpython-313-aarch64-linux-gnu.so",
        "python/num/tests_of_fit.py",
    ]
    assert [name for name in names if name.startswith("python/num")] == own
    assert len(names) == 2 * len(own)
    assert modes["python/num.libs/libblas.so.3"] == 0o755
    assert modes["python/num/__init__.py"] == 0o644
    assert layer.unpacked_bytes(data) == 2 * sum(len(FILES[name.removeprefix("python/")]) for name in own)


def test_the_same_wheels_make_the_same_bytes(tmp_path: Path) -> None:
    first = layer.layer_archive([wheel(tmp_path / "a"), wheel(tmp_path / "a", name="other")])
    second = layer.layer_archive([wheel(tmp_path / "b", name="other", reverse=True), wheel(tmp_path / "b")])
    assert first == second


@pytest.mark.parametrize("tag", ["cp312-cp312-manylinux_2_28_aarch64", "cp313-cp313-manylinux_2_28_x86_64"])
def test_wheels_of_another_machine_are_refused(tmp_path: Path, tag: str) -> None:
    with pytest.raises(layer.LayerError, match=f"num-1.0-{tag}.whl is no wheel for Python 3.13 on arm64"):
        layer.layer_archive([wheel(tmp_path, tag)])
    with pytest.raises(layer.LayerError, match="there are no wheels"):
        layer.layer_archive([])


def test_lambdas_limits_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = layer.layer_archive([wheel(tmp_path)])
    layer.check(data, beside=layer.function_bytes())
    with pytest.raises(layer.LayerError, match=r"bytes unpacked and Lambda takes 262144000: leave packages out"):
        layer.check(data, beside=layer.MOST_UNPACKED)
    monkeypatch.setattr(layer, "MOST_UPLOADED", 10)
    with pytest.raises(layer.LayerError, match=r"bytes packed and Lambda takes 10 in a request"):
        layer.check(data, beside=0)


def test_the_function_beside_it_has_the_monitors_code() -> None:
    assert 200_000 < layer.function_bytes() < 3_000_000


def test_every_wheel_is_locked_with_its_hashes() -> None:
    locked = layer.REQUIREMENTS.read_text(encoding="utf-8")
    names = re.findall(r"^([a-z0-9-]+)==", locked, re.MULTILINE)
    assert names == ["numpy", "scipy"]
    assert all(re.search(rf"^{name}==\S+ \\\n    --hash=sha256:[0-9a-f]{{64}}", locked, re.MULTILINE) for name in names)


def test_what_cannot_be_downloaded_is_said_in_one_line(tmp_path: Path) -> None:
    # pip refuses this before it asks anybody.
    path = tmp_path / "requirements.txt"
    path.write_text("no requirement!\n")
    with pytest.raises(layer.LayerError, match=r"the wheels could not be downloaded: .*Invalid requirement") as found:
        layer.build(tmp_path / "layer.zip", path)
    assert "\n" not in str(found.value)
    assert not (tmp_path / "layer.zip").exists()


def test_the_program_says_how_large_the_layer_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(layer, "download", lambda requirements, folder: [wheel(folder)])
    target = tmp_path / "deep" / "layer.zip"
    assert layer.main(["--output", str(target)]) == 0
    assert capsys.readouterr().out == f"{target}: 0.0 MB, unpacked 0.0 MB\n"
    assert zipfile.is_zipfile(target)
    monkeypatch.setattr(layer, "download", lambda requirements, folder: [])
    assert layer.main(["--output", str(target)]) == 0, "it is there, and not downloaded again"
    capsys.readouterr()
    assert layer.main(["--output", str(target.with_name("other.zip"))]) == 1
    assert capsys.readouterr().err == "error: there are no wheels: nothing to make a layer from\n"


def test_it_is_for_the_functions_python() -> None:
    assert f"python{layer.PYTHON_VERSION}" == RUNTIME
