"""The calls of a workspace on its record: verify, the register and its state."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from forecast import workspace as _workspace
from forecast.api_options import as_date

if TYPE_CHECKING:
    from forecast.runs.register import Check
    from forecast.runs.register_again import RegisteredAgain
    from forecast.verification.verify import Made, Verification

__all__ = ["VerifyCalls"]


class VerifyCalls:
    """What ``Workspace`` offers on what it said before."""

    _inner: _workspace.Workspace

    def verify(
        self,
        *,
        region: str | None = None,
        indicator: str | None = None,
        since: str | date | None = None,
        until: str | date | None = None,
        made: Made = "auto",
    ) -> Verification:
        """Score what the register said by what came; see ``forecast.verification.verify.verify``.

        Raises:
            ForecastError: the register is empty, or holds nothing of what is asked for.
        """
        from forecast.verification.verify import verify

        return verify(
            self._inner, region=region, indicator=indicator, since=as_date(since, "--since"),
            until=as_date(until, "--until"), made=made,
        )  # fmt: skip

    def write_verification(self, found: Verification, out: str | Path | None = None) -> Path:
        """Write tables and charts of a verification, to ``reports/verify`` by default."""
        from forecast.verification.verify_files import write_verification

        return write_verification(self._inner, found, None if out is None else Path(out))

    def register(self, *, region: str | None = None) -> pd.DataFrame:
        """Return everything that runs have said, one row an entry; see ``runs.register``."""
        from forecast.runs.register import read_register

        return read_register(self._inner, region)

    def check_register(self) -> Check:
        """Go through the chain of the register and say what is missing or altered."""
        from forecast.runs.register import check_register

        return check_register(self._inner)

    def register_again(self) -> RegisteredAgain:
        """Put finished runs that the register lacks into it, marked as registered later."""
        from forecast.runs.register_again import register_again

        return register_again(self._inner, datetime.now(UTC))
