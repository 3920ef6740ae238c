"""Will a city meet its environmental targets, how likely, and what is left of the budget.

>>> from forecast import Workspace  # doctest: +SKIP
>>> Workspace("W").run(as_of="2016-09-30")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecast.api import Workspace

__all__ = ["Workspace", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # The public class pulls in the whole pipeline; `forecast --help` must not pay for it.
    if name == "Workspace":
        from forecast.api import Workspace

        return Workspace
    raise AttributeError(f"module 'forecast' has no attribute {name!r}")
