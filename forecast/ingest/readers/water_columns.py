"""Headers of water tables: which item a column holds, and in which unit.

A header is a name with its unit behind it in brackets, ``溶解氧(mg/L)``. A unit is converted only by
an exact factor; a header whose unit is missing, unknown or of another quantity is no item, so that
no value of a wrong unit ever enters.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import pandas as pd

from forecast.ingest.readers.units import conversion
from forecast.standards.items import ITEMS, WATER_ITEMS

__all__ = ["WaterColumn", "factor_to", "scaled", "water_column"]

#: Names of items as the tables of water write them, folded by ``_folded``.
_NAMES = {
    "水温": "water_temp", "温度": "water_temp",
    "ph": "ph", "ph值": "ph",
    "溶解氧": "do", "do": "do",
    "电导率": "conductivity",
    "浊度": "turbidity",
    "高锰酸盐指数": "codmn", "codmn": "codmn",
    "化学需氧量": "cod", "cod": "cod", "codcr": "cod",
    "五日生化需氧量": "bod5", "bod5": "bod5",
    "氨氮": "nh3n", "nh3-n": "nh3n", "nh3n": "nh3n",
    "总磷": "tp", "tp": "tp",
    "总氮": "tn", "tn": "tn",
    "叶绿素α": "chla", "叶绿素a": "chla", "chla": "chla",
    "藻密度": "algae",
}  # fmt: skip

#: Every item of water goes by its Chinese name too; what is no measured value of a sample does not.
_NAMES |= {
    ITEMS[code].zh.lower(): code
    for code in WATER_ITEMS
    if code not in ("class_published", "intake") and ITEMS[code].zh.lower() not in _NAMES
}

#: Units of counted algae, for which the general table has none.
_OF_ALGAE = {"个/l": Decimal(1), "万个/l": Decimal(10_000), "万个/升": Decimal(10_000)}

_HEADER = re.compile(r"(?P<name>[^()]*?)\s*(?:\((?P<unit>[^()]*)\))?")
_MARKED = re.compile(r"(?P<before><?)\s*(?P<number>[^<]*?)\s*(?P<after>[Ll]?)")


@dataclass(frozen=True)
class WaterColumn:
    """What a column holds: the code of the item, and the factor to the item's unit."""

    item: str
    factor: Decimal


def factor_to(item: str, unit: str) -> Decimal | None:
    """Return the exact factor from ``unit`` to the unit of ``item``, or None.

    >>> factor_to("tp", "μg/L"), factor_to("tp", "NTU"), factor_to("ph", "")
    (Decimal('0.001'), None, Decimal('1'))
    """
    own = ITEMS[item].unit
    if not unit.strip():
        # Only what has no unit may come without one.
        return Decimal(1) if own == "-" else None
    way = conversion(unit, own)
    if way is None:
        return _OF_ALGAE.get(unit.replace(" ", "").lower()) if item == "algae" else None
    if way.before or way.after:
        return None
    return Decimal(repr(way.times)) / Decimal(repr(way.over))


def water_column(header: str) -> WaterColumn | None:
    """Return what the column ``header`` holds, or None where item or unit is not known.

    >>> water_column("溶解氧(mg/L)")
    WaterColumn(item='do', factor=Decimal('1'))
    >>> water_column("总氮") is None
    True
    """
    found = _HEADER.fullmatch(unicodedata.normalize("NFKC", header).strip())
    if found is None:
        return None
    item = _NAMES.get(found["name"].lower().replace(" ", ""))
    if item is None:
        return None
    factor = factor_to(item, found["unit"] or "")
    return None if factor is None else WaterColumn(item, factor)


def scaled(text: pd.Series[str], factor: Decimal) -> pd.Series[str]:
    """Return cells times ``factor``, digit by digit; what is no number stays as it is.

    >>> scaled(pd.Series(["5", "<20", "15L", "--"]), Decimal("0.001")).tolist()
    ['0.005', '<0.020', '0.015L', '--']
    """
    if factor == 1:
        return text
    codes, distinct = pd.factorize(text.to_numpy(dtype=object))
    cells = pd.Series([_times(str(cell), factor) for cell in distinct], dtype="str")
    return pd.Series(cells.to_numpy(dtype=object)[codes], index=text.index, dtype="str")


def _times(cell: str, factor: Decimal) -> str:
    found = _MARKED.fullmatch(cell)
    if found is None:
        return cell
    try:
        number = Decimal(found["number"])
    except InvalidOperation:
        return cell
    if not number.is_finite() or number in (-999, -9999, -99):
        return cell
    return f"{found['before']}{number * factor:f}{found['after']}"
