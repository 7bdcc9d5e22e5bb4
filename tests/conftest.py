"""What every test may rely on."""

import signal

try:
    from hypothesis import settings
except ModuleNotFoundError:  # Spark's own environment has no more than its tests need
    pass
else:
    # Without deadlines: a machine that is busy is no failure.
    # The same examples on every machine and every day: a run that fails is no surprise of the day. New ones are looked
    # for with `pytest -m hypothesis --hypothesis-profile=explore`, and what they find becomes an `@example`.
    settings.register_profile("fixed", derandomize=True, deadline=None)
    settings.register_profile("explore", print_blob=True)
    settings.load_profile("fixed")


def pytest_configure() -> None:
    # A shell that starts the tests in the background has them ignore Ctrl-C, and a process that ignores a signal hands
    # that down to whatever it starts. The tests that interrupt a program need it to listen.
    signal.signal(signal.SIGINT, signal.default_int_handler)
