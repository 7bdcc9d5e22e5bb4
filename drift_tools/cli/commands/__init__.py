"""What each command does, one module a command: `run` takes the parsed arguments and returns the exit status."""
