"""Requests of processing jobs, and what kinds of instance can."""

from components.jobs.instance_types import has_local_storage
from components.jobs.processing_job import (
    Files,
    Machine,
    Places,
    job_request,
    s3_input,
    schedule_input,
)

__all__ = [
    "Files",
    "Machine",
    "Places",
    "has_local_storage",
    "job_request",
    "s3_input",
    "schedule_input",
]
