"""Run a model file over a CT volume: backends, windows, one entry point."""
