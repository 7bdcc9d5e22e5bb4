"""Monitors that SageMaker Model Monitor runs."""
