"""The one error that input can cause."""


class InputError(ValueError):
    """Data or arguments that cannot be used: one line that says what was wrong, where, and the mend."""
