"""The overview of a fleet: as a page, in a terminal, and as JSON."""
