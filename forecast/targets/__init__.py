"""Plans, their targets, and the verdicts on them."""

from forecast.targets.applying import applying_targets, section_list, section_set_mismatch
from forecast.targets.evidence import VERDICTS, Evidence, Judgement, Thresholds
from forecast.targets.loader import find_plan, load_plan, load_plans
from forecast.targets.model import History, Plan, SectionSet, Target
from forecast.targets.verdicts import judge

__all__ = [
    "VERDICTS",
    "Evidence",
    "History",
    "Judgement",
    "Plan",
    "SectionSet",
    "Target",
    "Thresholds",
    "applying_targets",
    "find_plan",
    "judge",
    "load_plan",
    "load_plans",
    "section_list",
    "section_set_mismatch",
]
