"""The Pulumi program of this repository, driven from other programs; `automation.py` is its name for them."""
