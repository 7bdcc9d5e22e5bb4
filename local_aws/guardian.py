"""A tiny process between the launcher and the server: whoever dies first, nothing is left behind.

Run by path with `python -I -S guardian.py RUN_DIRECTORY COMMAND...`; standard library only, so that it starts in some
milliseconds. Its standard input is a pipe that only the launcher holds open:

- the launcher closes it or dies, even by SIGKILL: the server's process group (functions, model workers, jobs) is
  killed and the run directory removed;
- the server dies: its process group is killed, RUN_DIRECTORY/exited is written with the exit status, and the directory
  (with the log) stays until the launcher has read it;
- the guardian itself dies: the server's standard input, a pipe that only the guardian holds open, closes, and the
  server kills its own group.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def main(run_directory: str, command: list[str]) -> None:
    """Run `command` in a session of its own until it ends or the launcher is gone."""
    server = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - the launcher's argv

    def report_exit() -> None:
        status = server.wait()
        _kill_group(server.pid)
        with contextlib.suppress(OSError), open(os.path.join(run_directory, "exited"), "w") as file:
            file.write(str(status))

    watcher = threading.Thread(target=report_exit, daemon=True)
    watcher.start()
    while os.read(0, 1):
        pass
    _kill_group(server.pid)
    watcher.join(5)
    shutil.rmtree(run_directory, ignore_errors=True)


if __name__ == "__main__":
    # Ctrl-C in a terminal is the launcher's to handle; it closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main(sys.argv[1], sys.argv[2:])
