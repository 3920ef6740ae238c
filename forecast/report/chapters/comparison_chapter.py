"""The chapter 同比环比与排名: a city beside its past, and beside others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from forecast.projection.water_record import SectionRecord
from forecast.report.comparison_rank_blocks import RankedKind
from forecast.report.comparison_rank_words import ranking_sections
from forecast.report.comparison_ranking import place_ranking, zone_ranking
from forecast.report.comparison_water_blocks import section_sections
from forecast.report.comparison_words import city_sections
from forecast.report.comparisons import as_day
from forecast.report.document import Block, Chapter, Paragraph, Section
from forecast.report.review_days import CityDays
from forecast.report.words import Pair
from forecast.targets.model import Target

__all__ = ["CITIES", "COUNTIES", "STATIONS", "ZONES", "comparison_chapter"]

CITIES = RankedKind("cities", Pair("城市", "cities"), Pair("城市排名", "Ranks of cities"))
COUNTIES = RankedKind("counties", Pair("县（市、区）", "counties"), Pair("县（市、区）排名", "Ranks of counties"))  # fmt: skip
STATIONS = RankedKind("stations", Pair("点位", "stations"), Pair("点位排名", "Ranks of stations"))
ZONES = RankedKind(
    "zones", Pair("片区", "zones"), Pair("片区排名", "Ranks of zones"),
    Pair(
        "片区的各项数值为其成员的算术平均（各成员权重相同），有一个成员天数不足或没有数据的片区不排名。",
        "Numbers of a zone are the plain means over its members, of equal weight; a zone with a member "
        "of too few days or without data has no rank.",
    ),
)  # fmt: skip

_TITLE = Pair("同比环比与排名", "Comparisons and ranks")


def comparison_chapter(
    own: CityDays | None,
    cities: Sequence[CityDays] = (),
    *,
    year: int,
    last: np.datetime64 | date,
    stations: Sequence[CityDays] = (),
    groups: Mapping[str, Sequence[str]] | None = None,
    targets: Mapping[str, Sequence[Target]] | None = None,
    sections: Sequence[SectionRecord] = (),
    number: int | None = None,
    kind: RankedKind = CITIES,
    rank_last: np.datetime64 | date | None = None,
) -> Chapter:
    """Write the chapter.

    Args:
        own: the city that the report is on; None where the region has no daily values of air.
        cities: all that it is ranked among, itself included.
        year, last: the year and the last day of it that counts, for all places alike.
        stations: single stations of ``own``.
        groups: zone → names of its cities or stations.
        targets: region → what is judged there in ``year``.
        sections: water sections of the region, read for ``year``.
        number: how many of a ranking are its last ones; None: three or a tenth, at most half.
        rank_last: last day of ranks, where that of the whole workspace is another than ``last``: all
            reports of one run rank alike.
        kind: what ``cities`` are (``CITIES`` or ``COUNTIES``).
    """
    end = as_day(last)
    blocks: list[Block] = []
    if own is not None and year in own.years:
        blocks += city_sections(own, year, end)
    else:
        blocks += [
            Section(Pair("同比与环比", "Beside earlier periods")),
            Paragraph(
                Pair(
                    "本地区本年没有环境空气日值，不作同比、环比。",
                    "There are no daily values of air of this region in this year: nothing is compared.",
                ),
                "reservation",
            ),
        ]
    over = end if rank_last is None else as_day(rank_last)
    blocks += _ranks(kind, cities, own, year, over, targets, number)
    if stations:
        frame = place_ranking(stations, year, end)
        blocks += ranking_sections(STATIONS, frame, year, end, number=number)
    if groups:
        frame = zone_ranking([*cities, *stations], groups, year, over)
        blocks += ranking_sections(ZONES, frame, year, over, number=number)
    if sections:
        blocks += section_sections(sections, year, end)
    return Chapter("comparison", _TITLE, tuple(blocks))


def _ranks(
    kind: RankedKind,
    cities: Sequence[CityDays],
    own: CityDays | None,
    year: int,
    end: np.datetime64,
    targets: Mapping[str, Sequence[Target]] | None,
    number: int | None,
) -> list[Block]:
    """Ranks of cities; of one alone that there are none."""
    if len(cities) > 1:
        return ranking_sections(
            kind, place_ranking(cities, year, end), year, end,
            own=own.place if own else "", targets=targets, number=number,
        )  # fmt: skip
    if not cities and own is None:
        return []
    return [
        Section(kind.title),
        Paragraph(
            Pair(
                f"工作区中只有一个{kind.word.zh}的日值，没有可比的对象，不作排名。",
                f"The workspace has daily values of one place alone: there are no {kind.word.en} to rank.",
            )
        ),
    ]
