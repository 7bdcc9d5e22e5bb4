"""Processes without the time that it takes to start one."""

from local_aws.forking.client import ForkServer, Process

__all__ = ["ForkServer", "Process"]
