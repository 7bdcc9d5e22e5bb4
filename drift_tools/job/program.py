"""The monitor job: captured data and a baseline in, violations, metrics and a message out.

It fulfils the contract of Amazon SageMaker Model Monitor's analyzer container (developer guide, "Support for your own
containers"), so that the same processing job runs with either. Without a baseline in its environment it is a baseline
job. Run with `python -m drift_tools.monitor`.
"""

from collections.abc import Mapping, Sequence

from drift_tools.job.cloudwatch import emit
from drift_tools.job.container import OTHERS_WORDS, Job, run_program
from drift_tools.job.inputs.user_scripts import load_postprocessor
from drift_tools.job.kinds import run_of
from drift_tools.job.result_tables import write_tables
from drift_tools.job.settings import MonitorSettings


def run(job: Job) -> str:
    """Run the monitor as the environment says; return the exit message."""
    settings = MonitorSettings.of(job)
    if not job.is_leader and not settings.is_sharded(job):
        return OTHERS_WORDS
    settings.output.mkdir(parents=True, exist_ok=True)
    found = run_of(settings.kind)(job, settings)
    if found is None:
        return OTHERS_WORDS
    entries, message = found
    if settings.left_out is not None:
        message = f"{message} {settings.left_out}"
    if unpublished := emit(job, settings.metrics, entries):
        message = f"{message} {unpublished}"
    if settings.postprocessor is not None:
        load_postprocessor(settings.postprocessor)()
    if unwritten := write_tables(job, settings):
        message = f"{message} {unwritten}"
    return message


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None) -> int:
    """Entry point of the job."""
    return run_program(run, "drift_tools.monitor", __doc__, arguments, environment)
