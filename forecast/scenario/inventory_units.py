"""How much a measure takes away, as people write it: ``20%``, ``4000 t``, ``0.4万吨``, ``4 kt``.

A number without a unit is refused: 0.4 can be percent, tonnes or 10⁴ t. Amounts that only a country
emits are refused as well, for a city's 4,000 t read as 4,000·10⁴ t is the commonest slip there is.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from forecast.errors import InputError

__all__ = ["Amount", "national_total", "parse_amount", "refuse_national_size", "tonnes_text"]

#: Written unit without blanks and in lower case → tonnes (0 for percent).
_TONNES: dict[str, float] = {
    "%": 0.0, "percent": 0.0,
    "t": 1.0, "t/yr": 1.0, "t/a": 1.0, "吨": 1.0, "吨/年": 1.0, "tonnes": 1.0, "tonne": 1.0,
    "ton": 1.0, "tons": 1.0, "kg": 1e-3, "kg/a": 1e-3, "千克": 1e-3, "公斤": 1e-3,
    "kt": 1e3, "kt/yr": 1e3, "kt/a": 1e3, "gg": 1e3, "gg/yr": 1e3, "千吨": 1e3,
    "万吨": 1e4, "万吨/年": 1e4,
    "mt": 1e6, "tg": 1e6, "百万吨": 1e6,
}  # fmt: skip
_WRITTEN = re.compile(r"([+-]?)(\d[\d,]*(?:\.\d+)?|\.\d+)(?:x|×|\*)?(.*)")

#: Largest share of the country's emission that is believed of one place.
_CITY_SHARE = 0.05
_PROVINCE_SHARE = 0.20
_PROVINCE = re.compile(
    "(北京|天津|河北|山西|内蒙古|辽宁|吉林|黑龙江|上海|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|广西"
    "|海南|重庆|四川|贵州|云南|西藏|陕西|甘肃|青海|宁夏|新疆)(省|市|((壮族|回族|维吾尔)?自治区))?"
)


@dataclass(frozen=True)
class Amount:
    """A cut as written.

    Attributes:
        value: percent [%], or tonnes a year [t/yr].
        unit: ``%`` or ``t``.
    """

    value: float
    unit: Literal["%", "t"]

    def __str__(self) -> str:
        return f"{self.value:g}%" if self.unit == "%" else tonnes_text(self.value)


def tonnes_text(value: float) -> str:
    """Write tonnes for people.

    >>> tonnes_text(4000.0), tonnes_text(12.5)
    ('4,000 t', '12.5 t')
    """
    return f"{value:,.0f} t" if value >= 100 else f"{value:.3g} t"


def parse_amount(text: str, *, what: str = "the cut") -> Amount:
    """Read an amount with its unit.

    Args:
        text: such as ``20%``, ``4,000 t``, ``0.4万吨``.
        what: whose amount it is; begins the sentence of an error.

    Raises:
        InputError: no number, no unit, an unknown unit, or a negative amount.

    >>> parse_amount("0.4万吨"), parse_amount("20 ％")
    (Amount(value=4000.0, unit='t'), Amount(value=20.0, unit='%'))
    """
    # NFKC would make 104 of 10⁴; full-width signs become plain ones.
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text.replace("10⁴", "万"))).lower()
    plain = plain.replace("10^4", "万").replace("万t", "万吨")
    found = _WRITTEN.fullmatch(plain)
    if found is None:
        raise InputError(
            f"{what}: {text!r} is not an amount.", "Write it such as 20% or 4000 t or 0.4万吨."
        )
    sign, digits, unit = found.groups()
    value = float(digits.replace(",", ""))
    if sign == "-":
        raise InputError(
            f"{what}: {text!r} is a negative cut, which would be growth.",
            'Write a rise as rise = "10%", business as usual under [growth].',
        )
    if not unit:
        raise InputError(
            f"{what}: {text!r} has no unit, so it could be %, t or 10⁴ t.",
            "Write the unit behind the number: 20%, 4000 t or 0.4万吨.",
        )
    tonnes = _TONNES.get(unit)
    if tonnes is None:
        raise InputError(
            f"{what}: {unit!r} in {text!r} is not a unit of a cut.",
            "Units are %, t, kg, kt, 吨, 千吨 and 万吨 (10⁴ t).",
        )
    return Amount(value, "%") if tonnes == 0.0 else Amount(value * tonnes, "t")


@cache
def _national() -> dict[str, float]:
    text = resources.files("forecast.scenario") / "tables" / "national_emissions.csv"
    rows = csv.DictReader(text.read_text(encoding="utf-8").splitlines())
    return {row["pollutant"]: float(row["tonnes"]) for row in rows}


def national_total(pollutant: str) -> float | None:
    """Return what the country emits of a pollutant in a year [t/yr]; None: not in the table."""
    return _national().get(pollutant)


def refuse_national_size(pollutant: str, tonnes: float, region: str, *, what: str) -> None:
    """Refuse an amount that no city (or province) emits.

    Args:
        pollutant: word of ``POLLUTANTS`` or ``WATER_POLLUTANTS``.
        tonnes: amount [t/yr].
        region: the place; a province is allowed a larger part of the country's emission.
        what: whose amount it is; begins the sentence.

    Raises:
        InputError: above 5 % of the national total (20 % for a province): the unit is likely wrong.
    """
    total = national_total(pollutant)
    if total is None:
        return
    share = _PROVINCE_SHARE if _PROVINCE.fullmatch(region) else _CITY_SHARE
    if tonnes > share * total:
        raise InputError(
            f"{what}: {tonnes:,.0f} t of {pollutant} is {100 * tonnes / total:.0f} % of what the "
            f"whole country emits, too much for {region or 'one place'}.",
            "The number may be in t where 10⁴ t was read, or be a national one; write the unit it has.",
        )
