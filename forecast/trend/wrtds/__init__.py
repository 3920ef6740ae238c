"""WRTDS: trends of concentration and flux in rivers by weighted regressions on time, discharge, season.

``fit`` takes samples and daily flow; what it returns has ``daily``, ``annual``, ``change``,
``surface``, ``bootstrap_change``, ``kalman`` and ``cross_validation``. Equal to EGRET 3.0.12 within
1e-6 (``docs/wrtds.md``).

Hirsch, Moyer, Archfield 2010, JAWRA 46:857, doi:10.1111/j.1752-1688.2010.00482.x.
"""

from forecast.trend.wrtds.bootstrap import BootstrapChange, ChangeBounds
from forecast.trend.wrtds.change import Change, ChangeParts
from forecast.trend.wrtds.model import Wrtds, fit
from forecast.trend.wrtds.surface import Surface

__all__ = ["BootstrapChange", "Change", "ChangeBounds", "ChangeParts", "Surface", "Wrtds", "fit"]
