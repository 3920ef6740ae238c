"""Projection: observed days and drawn days, through the official rules, to probabilities."""
