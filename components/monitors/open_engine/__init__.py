"""Monitors that the open engine runs."""
