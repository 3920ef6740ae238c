"""The formats of a review, and the writer of each."""

from __future__ import annotations

from pathlib import Path

from forecast.errors import UsageError
from forecast.report.document import Document, Language

__all__ = ["FORMATS", "write_format"]

#: Formats in the order in which they are written.
FORMATS: tuple[str, ...] = ("html", "docx", "xlsx", "pdf")


def write_format(
    document: Document, path: Path, form: str, lang: Language, *, template: Path | None = None
) -> Path:
    """Write ``document`` to ``path`` in one format; the file is there as a whole or not at all.

    Args:
        template: a Word file of the user's own; other formats have none.

    Raises:
        UsageError: no such format, or the package it needs is not installed.
    """
    if form == "html":
        from forecast.report.review_page import write_review_page

        write_review_page(document, path, lang)
    elif form == "docx":
        from forecast.report.word_document import write_word

        write_word(document, path, lang, template=template)
    elif form == "xlsx":
        from forecast.report.review_workbook import write_review_workbook

        write_review_workbook(document, path, lang)
    elif form == "pdf":
        from forecast.report.review_pdf import write_review_pdf

        write_review_pdf(document, path, lang)
    else:
        raise UsageError(f"The format {form} is not known.", f"Use one of {', '.join(FORMATS)}.")
    return path
