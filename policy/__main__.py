"""The policy pack's entry: Pulumi runs this directory, and asks the server that it starts about every resource."""

from guard_rails.pack import serve  # type: ignore[import-not-found]  # Pulumi has this directory as an import root

serve()
