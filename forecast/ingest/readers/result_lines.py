"""From one line a result (long form, American samples) to tidy readings of water.

A result says what was measured by a parameter code of the USGS or by the characteristic, the sample's
fraction and the form in which it is expressed. Only results that are surely an item of this
package enter: nitrogen and phosphorus only as N and as P, concentrations of phosphorus only of the
whole water. Sources: the parameter code dictionary of the USGS
(https://help.waterdata.usgs.gov/codes-and-parameters/parameters) and the lists of values of the Water
Quality Exchange (https://www.epa.gov/waterdata/storage-and-retrieval-and-water-quality-exchange-domain-services-and-downloads).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Notes
from forecast.ingest.readers.samples import read_items
from forecast.ingest.readers.water_columns import factor_to, scaled

__all__ = ["Measured", "by_characteristic", "by_code", "read_results", "result_factor"]


@dataclass(frozen=True)
class Measured:
    """What a result measures.

    Attributes:
        item: its code.
        rank: of two results of one sample the lower rank is taken.
        unit: the unit that the parameter code fixes; empty where the line must say it.
    """

    item: str
    rank: int = 0
    unit: str = ""


#: Parameter codes: nitrate plus nitrite before nitrate, whole water before filtered, except that
#: the network reports nitrate plus nitrite filtered (00631).
_CODES = {
    "00010": Measured("water_temp", 0, "deg C"),
    "00076": Measured("turbidity", 0, "NTU"),
    "00078": Measured("secchi", 0, "m"),
    "00095": Measured("conductivity", 0, "uS/cm"),
    "00300": Measured("do", 0, "mg/l"),
    "00310": Measured("bod5", 0, "mg/l"),
    "00400": Measured("ph", 0, "std units"),
    "00600": Measured("tn", 0, "mg/l"),
    "00608": Measured("nh3n", 1, "mg/l"),
    "00610": Measured("nh3n", 0, "mg/l"),
    "00618": Measured("no3n", 2, "mg/l"),
    "00620": Measured("no3n", 3, "mg/l"),
    "00630": Measured("no3n", 1, "mg/l"),
    "00631": Measured("no3n", 0, "mg/l"),
    "00665": Measured("tp", 0, "mg/l"),
    "70953": Measured("chla", 0, "ug/l"),
}

_NITRATE_NITRITE = {"inorganic nitrogen (nitrate and nitrite)", "nitrate + nitrite"}
_AMMONIA = {"ammonia and ammonium", "ammonia", "ammonia-nitrogen", "ammonium"}
_TOTAL_N = {"nitrogen, mixed forms (nh3), (nh4), organic, (no2) and (no3)",
            "total nitrogen, mixed forms"}  # fmt: skip
_TOTAL_P = {"phosphorus", "total phosphorus, mixed forms", "phosphate-phosphorus"}
_PLAIN = {
    "ph": "ph",
    "temperature, water": "water_temp",
    "dissolved oxygen (do)": "do",
    "dissolved oxygen": "do",
    "oxygen": "do",
    "specific conductance": "conductivity",
    "turbidity": "turbidity",
    "chlorophyll a": "chla",
    "depth, secchi disk depth": "secchi",
}
_WHOLE = {"total", "unfiltered", "total recoverable"}

#: Units as these sources alone write them; what follows ``as`` is judged before.
_UNITS = {"deg c": "°C", "std units": "-", "s.u.": "-", "su": "-", "standard units": "-",
          "us/cm @25c": "µS/cm", "umho/cm": "µS/cm", "umhos/cm": "µS/cm"}  # fmt: skip
_FORM = re.compile(r"(?<=/l) as [np]$")


def by_code(code: str) -> Measured | None:
    """Return what a five-digit parameter code of the USGS measures, or None.

    >>> by_code("631").item, by_code("00060") is None
    ('no3n', True)
    """
    return _CODES.get(code.strip().zfill(5))


def by_characteristic(
    name: str, *, fraction: str, speciation: str, unit: str, basis: str
) -> Measured | str:
    """Return what a characteristic measures, or why it is not taken.

    Args:
        name: the characteristic.
        fraction: ``Total``, ``Dissolved`` and so on.
        speciation: ``as N``, ``as NO3`` and so on; may stand in the name or the unit instead.
        unit: of the value.
        basis: the time over which it was measured (``5 Day``).

    >>> by_characteristic("Phosphorus", fraction="Total", speciation="as P", unit="mg/l", basis="")
    Measured(item='tp', rank=0, unit='')
    >>> by_characteristic("Nitrate", fraction="", speciation="as NO3", unit="mg/l", basis="")
    'not expressed as N'
    """
    plain = re.split(r"\*\*\*", name.lower())[0].strip()
    form = re.search(r" as (n|p|no3|nh3|nh4|po4)$", plain)
    plain = plain[: form.start()].strip() if form else plain
    said = " ".join([form[1] if form else "", speciation.lower(), unit.lower()])
    forms = set(re.findall(r"(?:as )?\b(no3|nh3|nh4|po4|n|p)\b", said))
    whole = not fraction or fraction.lower() in _WHOLE
    if plain in _NITRATE_NITRITE or plain == "nitrate":
        rank = 0 if plain != "nitrate" else 2
        return Measured("no3n", rank) if forms == {"n"} else "not expressed as N"
    if plain in _AMMONIA:
        return Measured("nh3n", 0 if whole else 1) if forms == {"n"} else "not expressed as N"
    if plain in _TOTAL_N:
        if not whole:
            return "total nitrogen of filtered water"
        return Measured("tn") if forms <= {"n"} else "not expressed as N"
    if plain in _TOTAL_P:
        if fraction.lower() not in _WHOLE:
            return "phosphorus, but not total phosphorus of the whole water"
        return Measured("tp") if forms == {"p"} else "not expressed as P"
    if plain.startswith("biochemical oxygen demand"):
        days = re.fullmatch(r"5\s*days?", basis.lower())
        return Measured("bod5") if days else "oxygen demand, but not over 5 days"
    item = _PLAIN.get(plain, "")
    return Measured(item) if item else "no item of this package"


def result_factor(item: str, unit: str) -> Decimal | None:
    """Return the exact factor from a unit of these sources to the unit of ``item``, or None.

    >>> result_factor("tp", "mg/l as P"), result_factor("do", "% saturatn")
    (Decimal('1'), None)
    """
    plain = _FORM.sub("", unit.strip().lower())
    return factor_to(item, _UNITS.get(plain, plain))


def read_results(
    sheet: Sheet,
    described: pd.DataFrame,
    measured: Sequence[Measured | None],
    text: pd.Series[str],
    units: pd.Series[str],
    notes: Notes,
    *,
    value_column: str,
    unit_column: str,
) -> pd.DataFrame:
    """Read results line by line into readings of water.

    Args:
        sheet: the file.
        described: what ``read_items`` asks for; the index is the line.
        measured: what each line measures; None: the line was set aside already.
        text: the values, below a limit as ``<0.02``.
        units: their units; blank where the parameter code fixes it.
        notes: where findings go.
        value_column, unit_column: their names in the file.

    Raises:
        ContradictionError: an item's values can't be what the file says.
    """
    key = ["region", "place", "time"]
    items = pd.Series([m.item if m else "" for m in measured], index=described.index, dtype="str")
    ranks = np.array([m.rank if m else 0 for m in measured], dtype=np.int64)
    fixed = pd.Series([m.unit if m else "" for m in measured], index=described.index, dtype="str")
    unit = units.where(units != "", fixed)
    parts = []
    for item in [name for name in items.drop_duplicates() if name]:
        mine = (items == item).to_numpy(bool)
        values, wrong = _in_unit_of(item, text[mine], unit[mine])
        lines = described.index[mine]
        notes.problem(
            list(lines[wrong]), unit_column, list(unit[mine][wrong]),
            f"not a unit of {item}; row set aside",
        )  # fmt: skip
        used = described[mine][~wrong]
        rank = ranks[mine][~wrong]
        best = pd.Series(rank, index=used.index).groupby([used[k] for k in key]).transform("min")
        lesser = rank > best.to_numpy(np.int64)
        notes.problem(
            list(used.index[lesser]), value_column, list(values[~wrong][lesser]),
            f"a second determination of {item} in this sample; the more usual one is taken",
        )  # fmt: skip
        used = used[~lesser]
        body = pd.DataFrame({value_column: values[~wrong][~lesser]})
        parts.append(read_items(sheet, used, body, {value_column: item}, notes, key=key))
    if not parts:
        return described.iloc[:0].assign(item="", value=np.nan, censored=False, row=0)
    return pd.concat(parts, ignore_index=True)


def _in_unit_of(
    item: str, text: pd.Series[str], unit: pd.Series[str]
) -> tuple[pd.Series[str], NDArray[np.bool_]]:
    """Return the cells in the unit of ``item``, and where their unit is none of it."""
    values, wrong = text.copy(), np.zeros(len(text), bool)
    for name in unit.drop_duplicates():
        here = (unit == name).to_numpy(bool)
        factor = result_factor(item, str(name))
        if factor is None:
            wrong |= here
        else:
            values[here] = scaled(text[here], factor)
    return values, wrong
