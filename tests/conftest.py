"""What every test may rely on."""

import signal


def pytest_configure() -> None:
    # A shell that starts the tests in the background has them ignore Ctrl-C, and a process that ignores a signal hands
    # that down to whatever it starts. The tests that interrupt a program need it to listen.
    signal.signal(signal.SIGINT, signal.default_int_handler)
