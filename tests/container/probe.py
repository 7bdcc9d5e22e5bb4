"""Starts the image's `serve` as SageMaker does, asks it, and prints what came of it as JSON. Standard library only.

Run by the image's own Python, in a network namespace that has nothing but its own loopback device, which is down there.
"""

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request

START_SECONDS = 90


def raise_loopback() -> None:
    """Without it nobody can ask the server; it leads nowhere."""
    up_and_running = 0x0001 | 0x0040  # IFF_UP, IFF_RUNNING
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        fcntl.ioctl(device.fileno(), 0x8914, struct.pack("16sH14x", b"lo", up_and_running))  # SIOCSIFFLAGS


def ask(path: str, body: bytes | None = None) -> dict[str, object]:
    headers = {"Content-Type": "text/csv"} if body else {}
    request = urllib.request.Request(f"http://127.0.0.1:8080{path}", body, headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        kind = answer.headers["Content-Type"]
        return {"status": answer.status, "content_type": kind, "body": answer.read().decode()}


def started(server: "subprocess.Popen[bytes]") -> bool:
    until = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < until:
        try:
            return ask("/ping")["status"] == 200
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    return False


def main(row: str, log: str, isolated: bool) -> None:
    if isolated:
        raise_loopback()
    with open(log, "wb") as output:
        command = [sys.executable, "-m", "sagemaker_containers.cli.serve"]
        server = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        found: dict[str, object] = {"ping": started(server), "invocation": None}
        if found["ping"]:
            found["invocation"] = ask("/invocations", row.encode())
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(20)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3] == "isolated")
