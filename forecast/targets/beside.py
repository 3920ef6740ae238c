"""What stands beside a verdict: the answer of independent places, months over, open conditions."""

from __future__ import annotations

import numpy as np

from forecast.targets.comparators import clip_probability, meets
from forecast.targets.evidence import Chances, Evidence, Judgement
from forecast.targets.model import Target
from forecast.targets.monthly_rules import asks_months, months_over, months_over_words
from forecast.targets.numeric import finite_samples, year_of
from forecast.targets.wording import percent

__all__ = ["beside", "conditional", "independent_probability"]


def independent_probability(target: Target, chances: Chances, n_paths: int) -> float | None:
    """Probability of ``target`` if the places did not depend on each other; None without a number.

    Held within [1/(2N), 1 - 1/(2N)] like that of the paths it stands beside.
    """
    if target.value is None or not target.comparator:
        return None
    hits = meets(chances.values, target.comparator, target.value, target.tolerance or 0.0)
    return clip_probability(float(chances.probabilities[hits].sum()), n_paths)


def beside(target: Target, evidence: Evidence, found: Judgement) -> tuple[str, str]:
    """Sentences that follow the reason (zh, en); empty where there is nothing to add."""
    zh, en = "", ""
    if evidence.independent is not None and found.probability not in (None, 0.0, 1.0):
        n = finite_samples(evidence).size
        p = independent_probability(target, evidence.independent, n) if n else None
        if p is not None:
            zh += f"若把各断面（点位）当作互不相关，会得出 {percent(p)}（仅作警示，本系统按断面联合路径计算）。"
            en += (
                f" Independent places would have said {percent(p)} (a warning only: the answer "
                "comes from joint paths)."
            )
    if (
        evidence.monthly is not None
        and target.value is not None
        and evidence.sufficient
        and target.kind in ("threshold", "keep", "eliminate")
        and not asks_months(target, evidence)
        and np.isfinite(evidence.monthly.seen).any()
        and months_over(target, evidence.monthly)
    ):
        over = months_over_words(target, evidence.monthly)
        zh += f"逐月看，{over[0]}。"
        en += f" By month: {over[1]}."
    return zh, en


def conditional(target: Target, evidence: Evidence) -> Judgement | None:
    """The answer where the condition of a target is not known or did not come; None otherwise."""
    if not target.condition or evidence.condition is True:
        return None
    year = year_of(target, evidence)
    name = target.condition_indicator
    if evidence.condition is None:
        how_zh = f"；请录入年度值 {name}（1 为是，0 为否）" if name else ""
        how_en = f"; enter the yearly figure {name} (1 yes, 0 no)" if name else ""
        return Judgement(
            "INCONCLUSIVE",
            None,
            f"{target.label_zh}以“{target.condition}”为前提，{year} 年是否满足尚不清楚（条件未知），"
            f"不作判定{how_zh}。",
            f"{target.label_en} asks something only under a condition of the plan, and whether it "
            f"held in {year} is not known (condition unknown){how_en}.",
        )
    return Judgement(
        "NOT_APPLICABLE",
        None,
        f"{target.label_zh}以“{target.condition}”为前提，{year} 年不满足该前提，不作判定。",
        f"{target.label_en} asks something only under a condition of the plan, which did not hold "
        f"in {year}, so it is not judged.",
    )
