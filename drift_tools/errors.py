"""What can be wrong with input: as a whole, or with one record of it."""


class InputError(ValueError):
    """Data or arguments that cannot be used: one line that says what was wrong, where, and the fix."""


class UnusableError(Exception):
    """A record that cannot be used; the message is the reason, the same for all records of its kind."""
