"""Numbers and phrases of the reasons, in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass

from forecast.standards.indicators import WATER_CLASSES
from forecast.standards.water_assessment import STATUSES
from forecast.targets.comparators import decimals_of
from forecast.targets.model import Target

__all__ = ["Words", "percent", "words"]

_UNIT_ZH = {
    "days": "天", "t": "吨", "10^4 t": "万吨", "10^4 m3": "万立方米", "10^8 m3": "亿立方米",
    "10^4 m3/yr": "万立方米/年", "sections": "个断面", "water bodies": "个水体", "plants": "家",
    "points": "个点位", "villages": "个村", "ha": "公顷", "km": "公里", "sites": "处",
    "stations": "座", "tanks": "个", "zones": "个", "intakes": "个", "10^4 CNY": "万元",
    "10^4 mu": "万亩", "10^4 t/d": "万吨/日", "t/d": "吨/日", "vehicles": "辆", "outlets": "处",
    "times per year": "次/年", "items": "项", "hot spots": "个", "areas": "处", "coefficient": "", "rank": "名",
}  # fmt: skip


def percent(p: float) -> str:
    """A probability in words; one that is not decided never prints as 0 % or 100 %.

    >>> percent(0.99975), percent(0.00025), percent(0.62), percent(1.0), percent(0.0)
    ('>99.9%', '<0.1%', '62.0%', '100%', '0%')
    """
    if p in (0.0, 1.0):
        return f"{p:.0%}"
    if p > 0.999:
        return ">99.9%"
    if p < 0.001:
        return "<0.1%"
    return f"{100 * p:.1f}%"


@dataclass(frozen=True)
class Words:
    """How one target speaks of its values."""

    target: Target

    def _number(self, value: float) -> str:
        decimals = decimals_of(self.target.indicator)
        if decimals is None:
            return f"{round(value, 4):.10g}"
        return f"{value:.{decimals}f}"

    @property
    def is_class(self) -> bool:
        """Whether values are water classes, 1 (I) to 6 (worse than V)."""
        return self.target.unit == "class"

    def _class(self, value: float) -> str:
        position = round(value)
        return WATER_CLASSES[position - 1] if 1 <= position <= len(WATER_CLASSES) else "–"

    @staticmethod
    def _state(value: float) -> tuple[str, str]:
        """Status of water by its rank, 1 (excellent) to 5."""
        found = next((s for s in STATUSES if s.rank == round(value)), None)
        return (found.zh, found.en) if found else ("–", "–")

    def zh(self, value: float) -> str:
        """``value`` with its unit in Chinese."""
        if self.target.unit == "state":
            return self._state(value)[0]
        if self.is_class:
            return f"{self._class(value)}类"
        if self.target.kind == "rank":
            return f"第{self._number(value)}名"
        unit = self.target.unit
        if unit in ("", "-", "index"):
            return self._number(value)
        if unit == "%":
            return f"{self._number(value)}%"
        return f"{self._number(value)} {_UNIT_ZH.get(unit, unit)}"

    def en(self, value: float) -> str:
        """``value`` with its unit in English."""
        if self.target.unit == "state":
            return self._state(value)[1]
        if self.is_class:
            label = self._class(value)
            return "worse than class V" if label == "劣V" else f"class {label}"
        if self.target.kind == "rank":
            return f"rank {self._number(value)}"
        unit = self.target.unit
        if unit in ("", "-", "index"):
            return self._number(value)
        gap = "" if unit == "%" else " × " if unit.startswith("10^") else " "
        return f"{self._number(value)}{gap}{unit}"

    def aim(self, value: float | None = None) -> tuple[str, str]:
        """The demand in words (zh, en): ``不高于 37 µg/m³``, ``at most 37 µg/m³``."""
        number = self.target.value if value is None else value
        if number is None:
            raise ValueError(f"target {self.target.id} has no number")
        if self.is_class:
            zh, en = {
                "<=": ("达到或优于", " or better"),
                ">=": ("不优于", " or worse"),
            }.get(self.target.comparator, ("为", ""))
            return f"{zh}{self.zh(number)}", f"{self.en(number)}{en}"
        if self.target.unit == "state" and self.target.comparator == "<=":
            worse = "" if number <= 1 else " or better"
            return (
                f"{'' if number <= 1 else '不差于'}{self.zh(number)}",
                f"{self.en(number)}{worse}",
            )
        zh, en = {
            "<=": ("不高于", "at most"),
            ">=": ("不低于", "at least"),
        }.get(self.target.comparator, ("等于", "equal to"))
        if self.target.kind == "rank":
            return f"进入前{self._number(number)}名", f"rank {self._number(number)} or better"
        return f"{zh} {self.zh(number)}", f"{en} {self.en(number)}"


def words(target: Target) -> Words:
    """The words of ``target``."""
    return Words(target)
