"""Runs: one execution with its manifest, built aside and put in place in one step."""
