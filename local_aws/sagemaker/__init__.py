"""SageMaker with behaviour: endpoints that answer and capture, jobs that run, monitoring schedules that fire."""
