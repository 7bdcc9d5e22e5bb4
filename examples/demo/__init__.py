"""The whole loop on one machine: deploy the stack, drift a real model, hear the alarm once, leave nothing behind."""
