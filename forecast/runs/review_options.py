"""What is asked of a review of the year: its kind, its formats, its template."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import get_args

from forecast.errors import UsageError
from forecast.report.chapters.facts import ReviewKind
from forecast.report.document import Language
from forecast.report.review_formats import FORMATS

__all__ = ["ReviewOptions", "known_formats", "known_kind"]


@dataclass(frozen=True)
class ReviewOptions:
    """What is asked of a review.

    Attributes:
        run: name of the run it rests on; None: the newest, or one of ``year`` made now.
        year: the year reviewed, where no run is named.
        region: this region alone; None: every region of the run.
        kind: the review of a year, or of a plan half-way or at its end.
        plan: the plan of such a review; None: the region's own.
        formats: of ``html``, ``docx``, ``xlsx``, ``pdf``.
        lang: language of the text.
        out: folder to write to; None: ``review`` in the folder of the run.
        template: a Word file whose styles and page set-up are used.
        chapters: names in the order wanted; empty: those of the kind.
        written: the day printed on it; None: today.
        jobs: processes; None: as many as pay.
    """

    run: str | None = None
    year: int | None = None
    region: str | None = None
    kind: ReviewKind = "annual"
    plan: str | None = None
    formats: tuple[str, ...] = FORMATS
    lang: Language = "zh"
    out: Path | None = None
    template: Path | None = None
    chapters: tuple[str, ...] = ()
    written: date | None = None
    jobs: int | None = None


def known_kind(text: str) -> ReviewKind:
    """Return ``text`` as a kind of review.

    Raises:
        UsageError: there is no such kind.
    """
    for kind in get_args(ReviewKind):
        if text == kind:
            found: ReviewKind = kind
            return found
    raise UsageError(
        f"--kind {text} is not known.", f"Use one of {', '.join(get_args(ReviewKind))}."
    )


def known_formats(text: str) -> tuple[str, ...]:
    """Return a list of formats.

    Raises:
        UsageError: one is unknown, or the list is empty.
    """
    given = tuple(dict.fromkeys(p.strip().lower() for p in text.split(",") if p.strip()))
    unknown = [f for f in given if f not in FORMATS]
    if unknown or not given:
        raise UsageError(
            f"--format {text} is not known.",
            f"Use one or more of {', '.join(FORMATS)}, with commas.",
        )
    return given
