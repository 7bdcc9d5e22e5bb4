"""Retraining with an approval gate."""

from components.retraining.declared import declared
from components.retraining.pipeline import Places, Training, hyperparameter, pipeline_definition
from components.retraining.retraining import Retraining
from components.retraining.state_machine import MachineSettings, state_machine_definition
from components.retraining.surroundings import Surroundings, Trigger

__all__ = [
    "MachineSettings",
    "Places",
    "Retraining",
    "Surroundings",
    "Training",
    "Trigger",
    "declared",
    "hyperparameter",
    "pipeline_definition",
    "state_machine_definition",
]
