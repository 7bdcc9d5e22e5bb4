"""The Lambda functions, one package each; what several need is in `common`."""
