"""Loaded before every other conftest: what this machine can run, and the list of what it could not."""

pytest_plugins = ["tests.machine"]
