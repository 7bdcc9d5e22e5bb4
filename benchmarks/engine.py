"""How long Pulumi takes for the stack dev on the embedded AWS: preview, up, empty up, refresh, destroy.

Wall seconds of the whole command, as a person waits for it, and the CPU seconds of all that it starts, which a busy
machine spoils less. The goals are an `up` that has nothing to do within 4 s, and the program's imports within 1 s.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import local_aws
from benchmarks.shared.publishing import markdown_table
from deployment.checkout import checkout
from deployment.operations import Environment
from examples.demo.deploying import environment_variables, search_path
from local_aws.provider import Plugins

PROJECT = Path(__file__).resolve().parents[1]
EMPTY_UP, IMPORTS = 4.0, 1.0  # seconds
# As the program does it.
IMPORT = [sys.executable, "-c", "import gc; gc.disable(); import components"]


def measured(act: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds; of the CPU, those of child processes that have ended."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    act()
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def life(cloud: local_aws.LocalAws, folder: Path) -> dict[str, tuple[float, float]]:
    """One life of the stack, step by step."""
    with Plugins(cloud, folder) as plugins:
        found = {
            "PATH": f"{plugins.path}:{search_path()}",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "of a benchmark",
        }
        with environment_variables({**cloud.environment(), **found}):
            environment = Environment("dev", project=checkout(PROJECT, folder / "program"))
            environment.configure({"retain_data": False})
            return {
                "preview": measured(environment.preview),
                "up": measured(environment.up),
                "empty up": measured(environment.up),
                "refresh": measured(environment.refresh),
                "destroy": measured(environment.destroy),
            }


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks engine", description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="lives; of each step the shortest counts (default: 3)")
    arguments = parser.parse_args(argv)
    runs, wrong = [], list[str]()
    for _ in range(arguments.repeat):
        with local_aws.start(enforce_iam=True) as cloud, tempfile.TemporaryDirectory() as folder:
            runs.append(life(cloud, Path(folder)))
            wrong += [f"failed: {line}" for line in cloud.failures()]
    steps = {name: min(run[name] for run in runs) for name in runs[0]}
    steps["import of the program"] = min(
        measured(lambda: subprocess.run(IMPORT, cwd=PROJECT, check=True))  # noqa: S603 - our own interpreter
        for _ in range(arguments.repeat)
    )
    rows = [[name, f"{wall:.1f}", f"{cpu:.1f}"] for name, (wall, cpu) in steps.items()]
    sys.stdout.write(f"{markdown_table(['step', 'seconds', 'CPU seconds'], rows)}\n")
    slow = [
        name for name, limit in (("empty up", EMPTY_UP), ("import of the program", IMPORTS)) if steps[name][0] > limit
    ]
    sys.stdout.write(f"over the goal: {', '.join(slow)}\n" if slow else "both goals are met\n")
    sys.stdout.write("".join(f"{each}\n" for each in wrong))
    return int(bool(wrong))
