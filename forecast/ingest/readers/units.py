"""Units as sources write them, and the exact way from one to another; nothing is ever guessed.

A conversion exists only where it is a definition: powers of ten, the international foot and mile,
the knot, the inch, the kelvin. Parts per billion to µg/m³ needs a temperature and a pressure, so
there is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.standards.items import ITEMS

__all__ = [
    "Conversion",
    "conversion",
    "converted_text",
    "known_units",
    "plain_unit",
    "split_header",
]

#: Spelling without blanks and in lower case → the unit's own sign.
_SPELLINGS: dict[str, tuple[str, ...]] = {
    "µg/m³": ("µg/m3", "ugm-3", "µgm-3", "ug/m3", "mcg/m3", "微克/立方米", "微克每立方米", "ugm3", "µgm3"),
    "mg/m³": ("mg/m3", "mgm-3", "mgm3", "毫克/立方米", "毫克每立方米"),
    "ng/m³": ("ng/m3",),
    "mg/L": ("mg/l", "mgl-1", "mgl", "毫克/升", "毫克每升", "mg/dm3"),
    "µg/L": ("µg/l", "ug/l", "微克/升", "µgl-1", "ugl-1"),
    "g/L": ("g/l",),
    "ng/L": ("ng/l",),
    "°C": ("°c", "℃", "c", "degc", "摄氏度", "celsius", "deg_c"),
    "0.1°C": ("0.1°c", "0.1℃"),
    "K": ("k", "kelvin", "开", "开尔文"),
    "°F": ("°f", "f", "degf", "华氏度", "fahrenheit", "℉"),
    "hPa": ("hpa", "mb", "mbar", "百帕", "毫巴"),
    "0.1hPa": ("0.1hpa",),
    "Pa": ("pa", "帕"),
    "kPa": ("kpa", "千帕"),
    "mm": ("mm", "毫米", "mmofwaterequivalent", "kg/m2", "kgm-2"),
    "0.1mm": ("0.1mm",),
    "cm": ("cm", "厘米"),
    "m": ("m", "米"),
    "km": ("km", "千米", "公里"),
    "inch": ("inch", "in", "inches", "英寸"),
    "mile": ("mile", "mi", "miles"),
    "m/s": ("m/s", "ms-1", "ms", "米/秒", "米每秒"),
    "0.1m/s": ("0.1m/s",),
    "km/h": ("km/h", "kmh", "kmh-1", "千米/小时", "公里/小时"),
    "kn": ("kn", "kt/h", "knots", "knot", "节"),
    "mph": ("mph", "mp/h", "mi/h"),
    "%": ("%", "percent", "百分比"),
    "1": ("1", "0-1", "fraction", "比例"),
    "MJ/m²": ("mj/m2", "mjm-2", "兆焦/平方米"),
    "kJ/m²": ("kj/m2", "kjm-2"),
    "J/m²": ("j/m2", "jm-2", "焦/平方米"),
    "kWh/m²": ("kwh/m2",),
    "Wh/m²": ("wh/m2",),
    "h": ("h", "hour", "hours", "hr", "小时", "时"),
    "min": ("min", "minute", "minutes", "分钟"),
    "s": ("s", "second", "seconds", "秒"),
    "0.1h": ("0.1h", "0.1小时"),
    "°": ("°", "deg", "degree", "degrees", "度"),
    "m³/s": ("m3/s", "cms", "m3s-1", "立方米/秒", "立方米每秒", "cumecs"),
    "ft³/s": ("ft3/s", "cfs", "cuft/s", "ft3s-1"),
    "L/s": ("l/s", "升/秒"),
    "µS/cm": ("µs/cm", "us/cm", "微西门子/厘米", "微西/厘米"),
    "mS/m": ("ms/m", "毫西门子/米"),
    "mS/cm": ("ms/cm",),
    "NTU": ("ntu", "度(ntu)"),
    "cells/L": ("cells/l", "个细胞/升", "细胞/升"),
    "cells/mL": ("cells/ml",),
    "count/L": ("count/l", "个/l", "个/升", "mpn/l", "cfu/l"),
    "-": ("-", "无量纲", "none", "dimensionless", "phunits", "units", "stdunits"),
    "index": ("index", "指数", "points"),
    "1..6": ("1..6", "类别", "class"),
    "t": ("t", "吨", "ton", "tons", "tonne", "tonnes", "吨/年", "t/a", "t/yr", "t/year"),
    "kg": ("kg", "千克", "公斤", "kg/a", "kg/yr"),
    "kt": ("kt", "千吨", "gg", "kt/a", "kt/yr", "gg/yr", "gg/a", "千吨/年"),
    "10⁴t": ("万吨", "10kt", "10^4t", "万吨/年", "万t", "10000t", "万t/a"),
    "Tg": ("tg", "tg/yr", "百万吨", "tg/a"),
    "d": ("d", "day", "days", "天", "日"),
}  # fmt: skip

_SIGN = {spelling: unit for unit, forms in _SPELLINGS.items() for spelling in forms}

#: Signs whose case matters: a megagram is no milligram, a megajoule no millijoule.
_EXACT = {"Mt": "Tg", "Mg": "t", "mJ/m2": ""}

_REPLACED = str.maketrans(
    {"μ": "µ", "³": "3", "²": "2", "⁻": "-", "¹": "1", "㎡": "m2", "º": "°", "˚": "°", "㎜": "mm",
     "㎝": "cm", "㎞": "km", "㎏": "kg", "·": "", "^": "", " ": "", "（": "(", "）": ")", "／": "/",
     "％": "%", "㎥": "m3", "㎍": "µg", "㎎": "mg", "−": "-", "\n": "", "\r": ""}
)  # fmt: skip


@dataclass(frozen=True)
class Conversion:
    """``(value + before) · times / over + after``: exact in the reals, one rounding a step.

    >>> Conversion(before=-32, times=5, over=9)(np.array([212.0])).tolist()
    [100.0]
    """

    times: float = 1.0
    over: float = 1.0
    before: float = 0.0
    after: float = 0.0

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        if self == SAME:
            return values
        if self.before or self.after:
            # Sums lose the last digits of binary floats; no source has more than six decimals.
            return np.round((values + self.before) * self.times / self.over + self.after, 6)
        return values * self.times / self.over


#: The unit is the wanted one.
SAME = Conversion()

_TENTH = Conversion(over=10)
_MILLE = Conversion(times=1000)
_BY_MILLE = Conversion(over=1000)

#: Unit wanted → unit written → the way between them.
_WAYS: dict[str, dict[str, Conversion]] = {
    "µg/m³": {"mg/m³": _MILLE, "ng/m³": _BY_MILLE},
    "mg/m³": {"µg/m³": _BY_MILLE},
    # 1 mg/m³ of water is 1 µg/L: chlorophyll is often written so.
    "mg/L": {
        "µg/L": _BY_MILLE, "g/L": _MILLE, "ng/L": Conversion(over=1e6), "mg/m³": _BY_MILLE,
    },
    "°C": {
        "K": Conversion(before=-273.15), "°F": Conversion(before=-32, times=5, over=9),
        "0.1°C": _TENTH,
    },
    "hPa": {"Pa": Conversion(over=100), "kPa": Conversion(times=10), "0.1hPa": _TENTH},
    "mm": {
        "m": _MILLE, "cm": Conversion(times=10), "inch": Conversion(times=25.4), "0.1mm": _TENTH,
    },
    "m": {"cm": Conversion(over=100), "km": _MILLE, "mm": _BY_MILLE},
    "km": {"m": _BY_MILLE, "mile": Conversion(times=1.609344)},
    "m/s": {
        "km/h": Conversion(over=3.6), "kn": Conversion(times=1852, over=3600),
        "mph": Conversion(times=0.44704), "0.1m/s": _TENTH,
    },
    "%": {"1": Conversion(times=100)},
    "MJ/m²": {
        "kJ/m²": _BY_MILLE, "J/m²": Conversion(over=1e6), "kWh/m²": Conversion(times=3.6),
        "Wh/m²": Conversion(times=3.6, over=1000),
    },
    "h": {"min": Conversion(over=60), "s": Conversion(over=3600), "0.1h": _TENTH},
    # The international foot is 0.3048 m.
    "m³/s": {"ft³/s": Conversion(times=0.028316846592), "L/s": _BY_MILLE},
    "µS/cm": {"mS/m": Conversion(times=10), "mS/cm": _MILLE},
    "cells/L": {"cells/mL": _MILLE},
    "t": {
        "kg": _BY_MILLE, "kt": _MILLE, "10⁴t": Conversion(times=10_000), "Tg": Conversion(times=1e6),
    },
}  # fmt: skip


def plain_unit(text: str) -> str:
    """Return the sign of a unit in any spelling, or an empty text where it isn't known.

    >>> plain_unit("ug/m3"), plain_unit("微克/立方米"), plain_unit("℃"), plain_unit("ppb")
    ('µg/m³', 'µg/m³', '°C', '')
    """
    bare = text.translate(_REPLACED)
    if bare in _EXACT:
        return _EXACT[bare]
    return _SIGN.get(bare.lower(), "")


def conversion(unit: str, wanted: str) -> Conversion | None:
    """Return the exact way from ``unit`` to ``wanted``, or None where there is none.

    >>> conversion("mg/m3", "µg/m³")(np.array([0.035])).tolist()
    [35.0]
    >>> conversion("ppb", "µg/m³") is None
    True
    """
    sign = plain_unit(unit)
    if sign and sign == (plain_unit(wanted) or wanted):
        return SAME
    return _WAYS.get(wanted, {}).get(sign)


def converted_text(text: pd.Series[str], way: Conversion) -> pd.Series[str]:
    """Return cells converted digit by digit; what is no number stays as it is.

    >>> converted_text(pd.Series(["35", "<20", "15L", ""]), Conversion(over=1000)).tolist()
    ['0.035', '<0.02', '0.015L', '']
    """
    if way == SAME:
        return text
    codes, distinct = pd.factorize(text.to_numpy(dtype=object))
    cells = np.array([_converted(str(cell), way) for cell in distinct], dtype=object)
    return pd.Series(cells[codes], index=text.index, dtype="str")


def _converted(cell: str, way: Conversion) -> str:
    found = _MARKED.fullmatch(cell)
    if found is None:
        return cell
    try:
        number = Decimal(found["number"])
    except InvalidOperation:
        return cell
    times, over, before, after = (
        Decimal(repr(part)) for part in (way.times, way.over, way.before, way.after)
    )
    new = (number + before) * times / over + after
    return f"{found['below']}{new:f}{found['limit']}"


#: A number, or one that is below a limit: ``<0.02`` or ``0.02L``.
_MARKED = re.compile(
    r"(?P<below><?)\s*(?P<number>[+-]?[0-9.]+(?:[eE][+-]?[0-9]{1,3})?)\s*(?P<limit>[Ll]?)"
)


def known_units(item: str) -> tuple[str, ...]:
    """Return the units in which values of ``item`` can be read, its own first.

    >>> known_units("flow")
    ('m³/s', 'ft³/s', 'L/s')
    """
    own = ITEMS[item].unit
    return (own, *_WAYS.get(own, {}))


_UNIT_AT_END = re.compile(r"^(?P<name>.*?)\s*[(\[](?P<unit>[^()\[\]]*)[)\]]$", re.DOTALL)


def split_header(cell: str) -> tuple[str, str]:
    """Return the name and the unit text of a header such as ``溶解氧(mg/L)``.

    What stands before a comma inside the brackets is part of the name, not of the unit. Brackets
    that hold no unit stay with the name.

    >>> split_header("总太阳辐射度(down,J/m2)"), split_header("总云量(tcc)")
    (('总太阳辐射度(down)', 'J/m2'), ('总云量(tcc)', ''))
    """
    cell = cell.replace("（", "(").replace("）", ")").strip()
    match = _UNIT_AT_END.match(cell)
    if match is None:
        return cell, ""
    before, _, last = match["unit"].rpartition(",")
    name = match["name"] + (f"({before.strip()})" if before else "")
    return (name, last.strip()) if _looks_like_unit(last) else (cell, "")


def _looks_like_unit(text: str) -> bool:
    """Whether a text is a unit, known or not: ``ppb`` must be told from a remark such as ``tcc``."""
    bare = text.strip()
    return bool(plain_unit(bare)) or "/" in bare or bare.lower() in _OTHER_UNITS


#: Units that occur and have no exact way to ours: they must be seen, never taken for a remark.
_OTHER_UNITS = frozenset(
    ["ppb", "ppm", "ppbv", "ppmv", "mmhg", "inhg", "torr", "atm", "bar", "bq", "lux", "fnu", "ftu",
     "jtu", "octas", "oktas", "okta", "级", "成", "ft", "feet", "mg", "µg", "μg", "ug", "g"]
)  # fmt: skip
