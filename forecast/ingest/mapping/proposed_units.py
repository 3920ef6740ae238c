"""The unit that is proposed for a column: what its header says, what the table says, what its values say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.ingest.files.cells import numbers
from forecast.ingest.mapping.cells import plain_numbers
from forecast.ingest.mapping.model import Reading
from forecast.ingest.mapping.unit_guess import probable_units
from forecast.ingest.readers.stated_units import unit_sign
from forecast.ingest.readers.units import conversion, known_units
from forecast.standards.items import ITEMS

__all__ = ["ProposedUnit", "Statement", "proposed_unit"]

_GASES = frozenset(["so2", "no2", "co", "o3_8h", "o3_1h", "o3_24h"])

#: Line, its text and the units that it allows: what a table says of a column beside its header.
Statement = tuple[int, str, frozenset[str]]


@dataclass(frozen=True)
class ProposedUnit:
    """A unit, empty where none can be read; with what is to be said of it, empty where nothing is.

    Attributes:
        unit: as the mapping is to have it.
        zh, en: what a person has to check or to know.
        must: True where nothing may be read before a person has decided.
    """

    unit: str
    zh: str = ""
    en: str = ""
    must: bool = False


def proposed_unit(
    text: pd.Series[str], item: str, header: str, said: Statement | None, *, chinese: bool
) -> ProposedUnit:
    """Return the unit of a column.

    A unit is never guessed against a statement of the table: where header and table differ, and
    where the table alone says the unit, a person has to decide.

    Args:
        text: cells of the column.
        item: its item.
        header: the unit in its header, empty where it has none.
        said: what the table says elsewhere.
        chinese: True where the header is Chinese; abroad gases are often in ppb.
    """
    own = ITEMS[item].unit
    if said is not None:
        return _stated(item, header, *said)
    if header:
        if conversion(header, own) is not None:
            return ProposedUnit(header)
        return _no_way(item, header, must=False)
    values = numbers(plain_numbers(text, Reading())[0]).values
    units = probable_units(item, values)
    shown = f"{np.nanmedian(values):g}" if (~np.isnan(values)).any() else "-"
    if len(units) == 1 and own == units[0] and own in ("-", "1..6", "index"):
        return ProposedUnit(own)
    if len(units) == 1:
        return ProposedUnit(
            units[0], f"表头没有单位,按中位数 {shown} 推断,请核对",
            f"no unit in the header; proposed from the median {shown}: check",
            # Abroad gases are in ppb as often, and the values of the two look alike.
            must=item in _GASES and not chinese,
        )  # fmt: skip
    choices = units or known_units(item)
    return ProposedUnit(
        choices[0], f"表头没有单位,中位数 {shown} 也分不清({'、'.join(choices)}),请选定",
        f"no unit in the header, and the median {shown} does not tell ({', '.join(choices)})",
        must=True,
    )  # fmt: skip


def _no_way(item: str, unit: str, *, must: bool) -> ProposedUnit:
    return ProposedUnit(
        "",
        f"{ITEMS[item].zh}的单位 {unit} 不能准确换算，未采用",
        f"{item} is in {unit}, which has no exact way to {ITEMS[item].unit}: not used",
        must,
    )


def _stated(item: str, header: str, line: int, text: str, units: frozenset[str]) -> ProposedUnit:
    """Return the unit that the table says in a line of its own."""
    shown = " ".join(text[:60].split())
    if header and unit_sign(header) in units:
        return ProposedUnit(header)
    if header:
        listed = " / ".join(sorted(units))
        if conversion(header, ITEMS[item].unit) is None:
            return _no_way(item, header, must=True)
        return ProposedUnit(
            header, f"表头单位为 {header},第{line}行却写 {listed}(“{shown}”),请核对",
            f"the header says {header}, row {line} says {listed} («{shown}»): check",
            must=True,
        )  # fmt: skip
    ways = [unit for unit in sorted(units) if conversion(unit, ITEMS[item].unit) is not None]
    if not ways:
        return _no_way(item, " / ".join(sorted(units)), must=True)
    return ProposedUnit(
        ways[0], f"第{line}行写明单位 {ways[0]}(“{shown}”),请核对",
        f"row {line} says {ways[0]} («{shown}»): check",
        must=True,
    )  # fmt: skip
