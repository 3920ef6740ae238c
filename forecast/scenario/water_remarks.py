"""What a reader has to know of the response of a section, and why an item has none, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.scenario.water_balance import Balance
from forecast.scenario.water_draws import MONTH_SHARES, SectionDraws
from forecast.scenario.water_sections import WaterSection
from forecast.standards.items import ITEMS

__all__ = ["Remark", "refusal", "section_remarks"]

#: Kind, Chinese, English.
Remark = tuple[str, str, str]

_REFUSALS = {
    "no_response": (
        "断面{section}的{item}没有减排响应模型，情景中保持不变。",
        "There is no model of how {item} at {section} answers to loads; it stays as it is.",
    ),
    "no_source": (
        "断面{section}没有{item}的污染源负荷，无法给出减排响应；请在污染源中补充该项负荷。",
        "No source of {section} has a load of {item}, so no response is given; add one.",
    ),
    "no_inflow": (
        "断面{section}的来水“{name}”缺少{item}浓度，无法给出减排响应；请补充。",
        "The inflow {name} of {section} lacks the concentration of {item}, so no response is "
        "given; add it.",
    ),
    "no_level": (
        "断面{section}没有流量，又有上游来水，{item}的来水与本地污染源份额无法区分；请补充流量"
        "（河流也可补充实测浓度）。",
        "{section} has inflows but no flow, so the share of its own sources in {item} is not "
        "known; give the flow, or for a river the observed concentration.",
    ),
}


def refusal(kind: str, section: str, item: str, name: str = "") -> tuple[str, str]:
    """Why an item has no response (zh, en)."""
    zh, en = _REFUSALS[kind]
    known = ITEMS.get(item)
    names = (known.zh, known.en) if known else (item, item)
    return (
        zh.format(section=section, item=names[0], name=name),
        en.format(section=section, item=names[1], name=name),
    )


def section_remarks(
    section: WaterSection,
    own: SectionDraws,
    items: Sequence[str],
    balances: Sequence[Balance],
) -> tuple[Remark, ...]:
    """Remarks on what a section's response rests on (kind, zh, en)."""
    name = section.name
    out: list[Remark] = []
    if section.gated:
        out.append((
            "gated",
            f"断面{name}受闸坝控制：停留时间变长、降解系数变小，响应比给出的更不确定。",
            f"Weirs or gates hold the water at {name}: it stays longer and decays more slowly per "
            "day, so the response is less certain than its range says.",
        ))  # fmt: skip
    if not isinstance(section.flow, tuple):
        what = (
            ("没有流量资料", "no flow")
            if section.flow is None
            else ("只有年均流量", "a mean flow alone")
        )
        out.append((
            "no_flow",
            f"断面{name}{what[0]}：各月流量份额在季风气候的可能范围内抽取，枯水期与丰水期的污染源份额范围较宽。",
            f"{name} has {what[1]}: the months' shares of flow are drawn from what a monsoon "
            "climate allows, so shares of sources in dry and wet months are wide.",
        ))  # fmt: skip
    if section.velocity is None:
        out.append((
            "no_velocity",
            f"断面{name}没有流速，按宽范围的默认值抽取（判断）。",
            f"{name} has no velocity; a wide default is drawn (judgement).",
        ))  # fmt: skip
    if not section.inflows:
        out.append((
            "no_upstream",
            f"断面{name}没有上游来水：背景以上的浓度全部算作所列污染源。",
            f"{name} has no inflow: all of the concentration above the background is taken as that "
            "of the sources listed.",
        ))  # fmt: skip
    if own.level_known and _water_taken(section, own):
        out.append((
            "water_taken",
            f"断面{name}有的月份来水流量之和大于断面流量：按沿途取水处理，来水份额按比例缩小。",
            f"In some months the inflows of {name} carry more than the section: water is taken on "
            "the way, and the shares of the inflows are scaled down.",
        ))  # fmt: skip
    if "codmn" in items and section.load_item("codmn") == "cod":
        out.append((
            "codmn_from_cod",
            f"断面{name}的高锰酸盐指数按COD负荷推算，假定两者随削减同比例变化（判断）。",
            f"CODMn at {name} is taken from loads of COD: both are assumed to fall alike "
            "(judgement).",
        ))  # fmt: skip
    if section.water_type == "lake" and "tp" in items:
        out.append((
            "internal_load",
            f"湖库{name}的底泥会在多年内继续释放磷，总磷的下降比入湖负荷慢（五到十五年，凭记忆）。",
            f"The sediment of {name} goes on releasing phosphorus for years, so TP falls more "
            "slowly than its inflow (5 to 15 years, from memory).",
        ))  # fmt: skip
    out.extend(
        ("balance_unchecked", b.zh, b.en) for b in balances if b.closed is None and b.item in items
    )
    out.extend(_seasonal(b) for b in balances if b.closed and _off_in_a_season(b))
    return tuple(out)


def _water_taken(section: WaterSection, own: SectionDraws) -> bool:
    """Whether the inflows together carry more than the section in some month."""
    total = np.zeros(12)
    mean = float(np.median((own.flow * MONTH_SHARES).sum(axis=1)))
    typical = np.median(own.flow, axis=0)
    for inflow in section.inflows:
        if inflow.flow_share is not None:
            total += inflow.flow_share
        elif isinstance(inflow.flow, tuple):
            total += np.asarray(inflow.flow) / typical
        elif inflow.flow is not None:
            total += inflow.flow / mean
    return bool((total > 1.0 + 1e-6).any())


def _off_in_a_season(balance: Balance) -> bool:
    return any(np.isfinite(r) and not 0.5 <= r <= 2.0 for r in (balance.dry, balance.wet))


def _seasonal(balance: Balance) -> Remark:
    return (
        "season_off",
        f"{ITEMS[balance.item].zh}全年平衡，但枯水期模型为实测的{balance.dry:.2g}倍、丰水期{balance.wet:.2g}倍："
        "该季节的污染源份额可疑。",
        f"{ITEMS[balance.item].en} closes over the year, but the model is {balance.dry:.2g} times the "
        f"observed in dry and {balance.wet:.2g} times in wet months: shares of that season are "
        "doubtful.",
    )
