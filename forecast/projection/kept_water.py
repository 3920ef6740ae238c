"""Answers on water that are kept from one run to the next, region by region.

Air has a new day every morning, most sections have a sample a month. On most mornings nothing that
the answer of a region depends on is another than the day before; then its entries are taken from
what was kept, with the day written into them. What is kept carries a hash of all of that:

- its part of what was fitted (:class:`~forecast.projection.water_regions.WaterRegion`: readings,
  declared facts, lists of sections, everything that months are drawn from);
- the question but for its day, of which the month counts, and whether it is the month's last day;
- the plans and entered figures by which it is judged, and the name it is judged under;
- all code and tables of this package, and the versions of the libraries.

Where some section is sampled many times a month, the day itself counts, and nothing is taken over.
The outlook of the next days is made anew in any case.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.models.code_behind import code_digest
from forecast.models.kept_fits import KeptFits
from forecast.projection.answers import DomainAnswer, water_answers
from forecast.projection.class_outlook import MonthOutlook
from forecast.projection.panel import Panel
from forecast.projection.result import IndicatorResult, Observed
from forecast.projection.settings import Settings
from forecast.projection.short_range_water import water_short_range
from forecast.projection.water import WaterProjection, WaterTiles
from forecast.projection.water_cards import SectionCard
from forecast.projection.water_margins import ItemMargin, Rest
from forecast.projection.water_regions import WaterRegion
from forecast.region_names import normalise_region
from forecast.targets.applying import plans_of_region

__all__ = ["kept_water_answers", "stands_on"]

#: All that an answer comes from: unlike a fit, it is judged and put into words.
_CODE = ("**/*",)


@dataclass(frozen=True)
class _Kept:
    """The answer of a region as it is kept.

    Attributes:
        told: JSON of ``entries`` and ``unanswered``, without their day; bytes.
        water: of :class:`~forecast.projection.answers.DomainAnswer`.
        day: that it was made for.
        only_then: whether it may be used on no other day: its words name the day.
    """

    told: NDArray[np.uint8]
    water: tuple[WaterProjection, ...]
    day: date
    only_then: bool

    @classmethod
    def of(cls, answer: DomainAnswer, day: date) -> _Kept:
        """Take the day out of an answer."""
        parts = [
            [{name: value for name, value in entry.items() if name != "as_of"} for entry in part]
            for part in (answer.entries, answer.unanswered)
        ]
        text = json.dumps(parts, ensure_ascii=False, allow_nan=False)
        # A target that no reading answers is judged on the as-of date, and may name it.
        dated = day.isoformat() in json.dumps(parts[1]) or json.loads(text) != parts
        told = np.frombuffer(text.encode(), np.uint8)
        return cls(told, answer.water, day, dated)

    def answer(self, key: str, day: date) -> DomainAnswer:
        """The answer as of ``day``."""
        entries, unanswered = (
            [_dated(entry, day) for entry in part] for part in json.loads(self.told.tobytes())
        )
        return DomainAnswer(key, "water", entries, unanswered, water=self.water)


#: What may be built from a file.
_KINDS = (
    _Kept, WaterProjection, WaterTiles, SectionCard, ItemMargin, Rest, MonthOutlook, IndicatorResult,
    Observed,
)  # fmt: skip


def kept_water_answers(
    panel: Panel,
    settings: Settings,
    homes: Mapping[str, str],
    fitted: Sequence[WaterRegion],
    fits: KeptFits,
    *,
    keep: Collection[str] = (),
) -> Iterator[DomainAnswer]:
    """Answer like :func:`~forecast.projection.answers.water_answers` with the days ahead.

    Args:
        panel, settings, homes, fitted: as there.
        fits: where answers are kept; each takes the place of the region's one before.
        keep: normalised regions whose samples are handed on, for scenarios; they are drawn anew.
    """
    by_key: dict[str, list[WaterRegion]] = {}
    for one in fitted:
        by_key.setdefault(normalise_region(one.region), []).append(one)

    def made(keys: Collection[str]) -> dict[str, DomainAnswer]:
        own = [one for key in keys for one in by_key[key]]
        answers = water_answers(panel, settings, homes, own, keep=keep)
        return {answer.key: answer for answer in answers}

    free = [key for key in by_key if key not in keep]
    wanted = [
        (("water answer", key), stands_on(panel, settings, homes[key], by_key[key])) for key in free
    ]
    anew: dict[str, DomainAnswer] = {}

    def missing(at: list[int]) -> list[_Kept]:
        anew.update(made([free[k] for k in at]))
        return [_Kept.of(anew[free[k]], settings.as_of) for k in at]

    found = dict(zip(free, fits.get_many(wanted, missing, _KINDS), strict=True))
    again = [key for key, kept in found.items() if kept.only_then and kept.day != settings.as_of]
    anew |= made([*(key for key in by_key if key in keep), *again])
    rows = panel.water.groupby("region").indices
    for key, regions in by_key.items():
        answer = anew[key] if key in anew else found[key].answer(key, settings.as_of)
        at = np.concatenate([rows[one.region] for one in regions])
        own = replace(panel, water=panel.water.iloc[at])
        yield replace(answer, short_range=water_short_range(own, settings, answer.water))


def stands_on(
    panel: Panel, settings: Settings, home: str, regions: Sequence[WaterRegion]
) -> tuple[Any, ...]:
    """All that the answer of a region depends on, for a hash; the libraries are left to the keeper.

    Args:
        panel: plans, entered figures and other names; its readings are in ``regions``.
        settings: the question.
        home: the name under which the region is judged.
        regions: its part of what was fitted, one a form of its name.
    """
    question = {k: v for k, v in asdict(settings).items() if k != "as_of"}
    parts = [
        {f.name: getattr(one, f.name) for f in fields(one) if f.name != "settings"}
        for one in regions
    ]
    often = any(one.often or any(f.frequent for f in one.facts.values()) for one in regions)
    day, entered = settings.as_of, panel.entered
    known = {p.id for p in plans_of_region(entered.plans, normalise_region(home), panel.aliases)}
    plans = [
        p.model_dump_json()
        for p in entered.plans
        if not p.region or p.id in known or p.id == panel.plan
    ]
    figures = {
        f.name: [[str(k), v] for k, v in getattr(entered, f.name).items()]
        for f in fields(entered)
        if f.name != "plans"
    }
    return (
        code_digest(_CODE), question, (day.year, day.month, (day + timedelta(days=1)).day == 1),
        day if often else None, home, panel.plan, dict(panel.aliases), plans, figures, parts,
    )  # fmt: skip


def _dated(entry: dict[str, Any], day: date) -> dict[str, Any]:
    """An entry with its day where entries have it: behind the basis of its readings."""
    found: dict[str, Any] = {}
    for name, value in entry.items():
        found[name] = value
        if name == "basis":
            found["as_of"] = day.isoformat()
    return found
