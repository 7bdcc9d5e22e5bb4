"""EventBridge Scheduler on the virtual clock: what ministack keeps, fired here."""
