"""Lambda functions as every one of this project is made, and those that hear of processing jobs that end."""

from components.functions.function import MonitoringFunction, dead_letter_queue, monitoring_function
from components.functions.job_metrics import ProcessingMetrics, ProcessingMetricsArgs
from components.functions.layer import function_layer
from components.functions.on_job_end import HearingNames, hear_of_ended_jobs

__all__ = [
    "HearingNames",
    "MonitoringFunction",
    "ProcessingMetrics",
    "ProcessingMetricsArgs",
    "dead_letter_queue",
    "function_layer",
    "hear_of_ended_jobs",
    "monitoring_function",
]
