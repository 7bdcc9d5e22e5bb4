"""Layers are on a function's path; one that is built for another machine gives way to this machine's package."""

import importlib.machinery
import io
import json
import zipfile
from typing import Any

import pytest

from tests.local_aws.bench import wait_until
from tests.local_aws.functions.function_bench import FunctionBench

FOREIGN = b"\x7fELF\x02\x01\x01" + bytes(9) + (3).to_bytes(2, "little") + (8).to_bytes(2, "little")  # MIPS
# Elsewhere this machine's suffix, so that only the machine in the file's header tells.
OWN_SUFFIX = importlib.machinery.EXTENSION_SUFFIXES[0]
USE = "import {0}\ndef handler(event, context):\n    return [{0}.__version__, {0}.__file__.split('/layer_')[-1]]\n"


def archive(**files: str | bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for name, content in files.items():
            target.writestr(name.replace("__slash__", "/"), content)
    return stream.getvalue()


@pytest.fixture
def functions(cloud: Any) -> FunctionBench:
    return FunctionBench(cloud)


def layer(bench: FunctionBench, files: dict[str, str | bytes]) -> str:
    arn: str = bench.functions.publish_layer_version(
        LayerName=bench.name, Content={"ZipFile": archive(**files)}, CompatibleArchitectures=["arm64"]
    )["LayerVersionArn"]
    return arn


def invoke(bench: FunctionBench) -> Any:
    answer = bench.functions.invoke(FunctionName=bench.name)
    return json.loads(answer["Payload"].read())


@pytest.mark.parametrize("folder", ["python", "python/lib/python3.13/site-packages"])
def test_a_layer_is_on_the_path(functions: FunctionBench, folder: str) -> None:
    arn = layer(functions, {f"{folder}/only_in_the_layer/__init__.py": "__version__ = '7'"})
    functions.function(USE.format("only_in_the_layer"), Layers=[arn])
    assert invoke(functions) == ["7", f"0/{folder}/only_in_the_layer/__init__.py"]


@pytest.mark.parametrize("suffix", [".cpython-399-aarch64-linux-gnu.so", OWN_SUFFIX])
def test_a_layer_for_another_machine_gives_way(functions: FunctionBench, suffix: str) -> None:
    import numpy as np  # noqa: PLC0415 - to compare with what the function sees

    files: dict[str, str | bytes] = {
        "python/numpy/__init__.py": "__version__ = 'foreign'",
        f"python/numpy/core/_a{suffix}": FOREIGN,
    }
    functions.function(USE.format("numpy"), Layers=[layer(functions, files)])
    version, place = invoke(functions)
    assert version == np.__version__
    assert place == np.__file__
    logs = functions.cloud.client("logs")
    group = f"/aws/lambda/{functions.name}"

    def said() -> bool:
        events = logs.filter_log_events(logGroupName=group)["events"]
        return any("numpy in the layer is built for another machine" in event["message"] for event in events)

    wait_until(said)


def test_without_the_layer_there_is_no_such_package(functions: FunctionBench) -> None:
    functions.function(USE.format("numpy"))
    assert "No module named 'numpy': the Lambda runtime does not have it" in invoke(functions)["errorMessage"]


STARTS_A_PROCESS = """
import json, os, subprocess, sys
PROGRAM = "import numpy, json; print(json.dumps([numpy.__version__, numpy.__file__]))"
def handler(event, context):
    path = os.pathsep.join(sys.path[1:])
    ended = subprocess.run(
        [sys.executable, "-c", event.get("program", PROGRAM)],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
    )
    return [ended.returncode, ended.stdout.strip(), ended.stderr.strip().splitlines()[-1:]]
"""


def test_what_a_function_starts_sees_what_the_function_sees(functions: FunctionBench) -> None:
    import numpy as np  # noqa: PLC0415 - to compare with what the process sees

    files: dict[str, str | bytes] = {
        "python/numpy/__init__.py": "__version__ = 'foreign'",
        "python/numpy/core/_a.cpython-399-aarch64-linux-gnu.so": FOREIGN,
    }
    functions.function(STARTS_A_PROCESS, Layers=[layer(functions, files)])
    status, printed, _ = invoke(functions)
    assert (status, json.loads(printed)) == (0, [np.__version__, np.__file__])
    answer = functions.functions.invoke(
        FunctionName=functions.name, Payload=json.dumps({"program": "import scipy"}).encode()
    )
    status, _, said = json.loads(answer["Payload"].read())
    assert status == 1
    assert "the Lambda runtime does not have it" in said[0]


def test_an_archive_is_unpacked_once_for_all_that_have_it(functions: FunctionBench) -> None:
    places = "import os, only_in_the_layer as other\ndef handler(event, context):\n    return "
    places += "[os.path.realpath(place) for place in (__file__, other.__file__)]\n"
    layers = [layer(functions, {"python/only_in_the_layer/__init__.py": f"OF = {at}"}) for at in range(2)]
    role = functions.role("places", service="lambda.amazonaws.com")
    found = []
    for code, arn in ((places, layers[0]), (places, layers[0]), (places, layers[1]), (f"{places}#", layers[1])):
        functions.function(code, Layers=[arn], Role=role)
        found.append(invoke(functions))
        functions.functions.delete_function(FunctionName=functions.name)
    first, second, other_layer, other_code = found
    assert second == first  # whose worker, and its folder, have gone
    assert other_layer[0] == first[0]
    assert other_layer[1] != first[1]
    assert other_code[0] != first[0]
    assert other_code[1] == other_layer[1]
