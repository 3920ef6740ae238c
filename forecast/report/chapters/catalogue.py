"""The chapters that a review can have, by name, and the document made of those asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from forecast.errors import UsageError
from forecast.report.chapters.air import air_chapter
from forecast.report.chapters.appendix import appendix_chapter
from forecast.report.chapters.basis import basis_chapter
from forecast.report.chapters.compared import compared_chapter
from forecast.report.chapters.facts import ReviewFacts, ReviewKind
from forecast.report.chapters.outlook import outlook_chapter
from forecast.report.chapters.plan_progress import plan_chapter
from forecast.report.chapters.reservations import reservations_chapter
from forecast.report.chapters.scenarios import scenarios_chapter
from forecast.report.chapters.summary import summary_chapter
from forecast.report.chapters.targets import targets_chapter
from forecast.report.chapters.water import water_chapter
from forecast.report.document import Chapter, Document
from forecast.report.words import Pair

__all__ = ["CHAPTERS", "ORDER", "chapter_names", "review_document"]

#: Every chapter by its name; one that has nothing to be about is None.
CHAPTERS: dict[str, Callable[[ReviewFacts], Chapter | None]] = {
    "summary": summary_chapter,
    "basis": basis_chapter,
    "plan": plan_chapter,
    "targets": targets_chapter,
    "air": air_chapter,
    "water": water_chapter,
    "comparison": compared_chapter,
    "outlook": outlook_chapter,
    "scenarios": scenarios_chapter,
    "reservations": reservations_chapter,
    "appendix": appendix_chapter,
}

#: Chapters of each kind of review, in the order printed, where no list of a user's own is given.
ORDER: dict[ReviewKind, tuple[str, ...]] = {
    "annual": tuple(name for name in CHAPTERS if name != "plan"),
    "midterm": tuple(CHAPTERS),
    "final": tuple(CHAPTERS),
}

_TITLES: dict[ReviewKind, Pair] = {
    "annual": Pair("生态环境质量年度评价报告", "Annual review of environmental quality"),
    "midterm": Pair("规划中期评估报告", "Mid-term review of the plan"),
    "final": Pair("规划终期评估报告", "Final review of the plan"),
}


def chapter_names(asked: Sequence[str], kind: ReviewKind) -> tuple[str, ...]:
    """Return the chapters asked for, those of the kind of review where none are.

    Raises:
        UsageError: a name is unknown or stands twice.
    """
    if not asked:
        return ORDER[kind]
    for name in asked:
        if name not in CHAPTERS:
            raise UsageError(
                f"There is no chapter called {name}.", f"Chapters: {', '.join(CHAPTERS)}."
            )
    twice = [n for n in asked if list(asked).count(n) > 1]
    if twice:
        raise UsageError(f"The chapter {twice[0]} is listed twice.", "List it once.")
    return tuple(asked)


def review_document(
    facts: ReviewFacts,
    *,
    written: date,
    organisation: str = "",
    chapters: Sequence[str] = (),
) -> Document:
    """Write the review of one region.

    Args:
        facts: what it is written from.
        written: the day printed on it.
        organisation: who hands it in.
        chapters: names in the order wanted; empty: those of the kind of review.

    Raises:
        UsageError: a chapter is unknown.
    """
    made = []
    for name in chapter_names(chapters, facts.kind):
        chapter = CHAPTERS[name](facts)
        if chapter is not None:
            made.append(chapter)
    title, year = _TITLES[facts.kind], facts.year
    of_plan = facts.kind != "annual" and facts.plan is not None
    subtitle = facts.period
    if of_plan and facts.plan is not None:
        subtitle = Pair(
            f"《{facts.plan.title}》（{facts.period.zh}）",
            f"{facts.plan.title_en} ({facts.period.en})",
        )
    return Document(
        Pair(f"{facts.name}{title.zh}", f"{facts.name}: {title.en}"), subtitle, facts.region,
        year, organisation, written, str(facts.run["id"]), tuple(made), facts.notices,
    )  # fmt: skip
