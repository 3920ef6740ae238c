"""Emission scenarios: measures in, factors on the air's and the water's readings out.

``pm25_ratio`` answers without an inventory: what the annual PM2.5 mean would be if the emissions of
the sectors were multiplied by some factor in the whole region.
"""

from __future__ import annotations

from forecast.scenario.pm25_sectors import pm25_ratio

__all__ = ["pm25_ratio"]
