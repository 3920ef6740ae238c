"""``[retention]`` of ``forecast.toml``: how long results stand before only one a month is kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["RetentionSettings"]

#: A hundred years of days: longer than any file lives.
_LONGEST = 36_525


class RetentionSettings(BaseModel):
    """``[retention]``: 0 keeps everything.

    Attributes:
        runs: folders of runs made within so many days are all kept, of older ones the last of each
            month [day]. The register keeps what every run said.
        scenarios: likewise for answers on scenarios [day].
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    runs: Annotated[int, Field(ge=0, le=_LONGEST)] = 92
    scenarios: Annotated[int, Field(ge=0, le=_LONGEST)] = 366
