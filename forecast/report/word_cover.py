"""Cover, list of contents, head and foot of the pages."""

from __future__ import annotations

from datetime import date

from forecast.report.document import Document, Language, Section, in_language
from forecast.report.word_markup import Setting, complex_field, paragraph, words
from forecast.report.word_numbering import shown_number

__all__ = ["contents", "cover", "day_written", "foot_of_page", "notices", "place_of_heading"]

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip

_BEGIN = (
    '<w:r><w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r>'
    '<w:r><w:instrText xml:space="preserve"> TOC \\o "1-2" \\h \\z \\u </w:instrText></w:r>'
    '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
)
_END = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'

_COMPATIBILITY = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_WORD_2013 = "http://schemas.microsoft.com/office/word/2012/wordml"


def day_written(day: date, lang: Language) -> str:
    """Return a date as a report writes it.

    >>> day_written(date(2025, 7, 3), "zh"), day_written(date(2025, 7, 3), "en")
    ('2025年7月3日', '3 July 2025')
    """
    if lang == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def cover(document: Document, setting: Setting) -> str:
    """Return title, subtitle and notices, and at the foot of the page who wrote it, when, from what."""
    lang = setting.lang
    foot = (
        f'<w:framePr w:w="{setting.width}" w:hSpace="0" w:wrap="around" w:vAnchor="margin"'
        ' w:hAnchor="margin" w:xAlign="center" w:yAlign="bottom"/>'
    )
    lines = [
        paragraph(setting.style("title"), words(in_language(document.title, lang), lang)),
        paragraph(setting.style("subtitle"), words(in_language(document.subtitle, lang), lang)),
        notices(document, setting, "notice"),
    ]
    run = f"预测运行编号 {document.run_id}" if lang == "zh" else f"Forecast run {document.run_id}"
    by_whom = [("cover", document.organisation), ("cover", day_written(document.written, lang))]
    for style, text in (*by_whom, ("cover_note", run)):
        if text:
            lines.append(paragraph(setting.style(style), words(text, lang), extra=foot))
    # The block at the foot is bound to the paragraph that follows it, which keeps it on this page.
    return "".join(lines) + _low(setting)


def notices(document: Document, setting: Setting, style: str, *, bold: bool = False) -> str:
    """Return the lines that must not be missed, each a paragraph of the style with this key."""
    lang = setting.lang
    return "".join(
        paragraph(setting.style(style), words(in_language(n, lang), lang, bold=bold))
        for n in document.notices
    )


def contents(document: Document, setting: Setting, numbered: tuple[bool, bool]) -> str:
    """Return the list of contents, a field that Word fills with page numbers when it opens the file.

    Args:
        document: whose chapters and sections are listed.
        setting: styles and language.
        numbered: whether the headings of either level carry our numbers.
    """
    lang = setting.lang
    entries: list[str] = []
    for at, chapter in enumerate(document.chapters, 1):
        entries.append(_entry(at, None, in_language(chapter.title, lang), setting, numbered[0]))
        sections = [b for b in chapter.blocks if isinstance(b, Section)]
        entries.extend(
            _entry(at, n, in_language(s.title, lang), setting, numbered[1])
            for n, s in enumerate(sections, 1)
        )
    title = "目　录" if lang == "zh" else "Contents"
    first = paragraph(setting.style("contents"), words(title, lang), extra="<w:pageBreakBefore/>")
    if not entries:
        return first
    # The field opens in the first entry and closes in the last; what ends the section stands
    # behind it, else LibreOffice takes the foot of the page for a part of the field.
    entries[0] = entries[0].replace("</w:pPr>", f"</w:pPr>{_for_word(_BEGIN)}", 1)
    entries[-1] = entries[-1].removesuffix("</w:p>") + _for_word(_END) + "</w:p>"
    return first + "".join(entries) + _low(setting)


def place_of_heading(chapter: int, section: int | None) -> str:
    """Name of the bookmark of a heading, hidden by Word."""
    return f"_Toc_{chapter}" if section is None else f"_Toc_{chapter}_{section}"


def foot_of_page(setting: Setting) -> str:
    """Return the number of the page between dashes."""
    dash = words("— ", "zh"), words(" —", "zh")
    number = complex_field("PAGE", words("1", setting.lang))
    return paragraph(setting.style("footer"), dash[0] + number + dash[1])


def _entry(chapter: int, section: int | None, title: str, setting: Setting, numbered: bool) -> str:
    lang = setting.lang
    place = place_of_heading(chapter, section)
    number = shown_number(chapter, section, lang) if numbered else ""
    page = complex_field(f"PAGEREF {place} \\h", "")
    inner = (
        f'<w:hyperlink w:anchor="{place}" w:history="1">{words(number + title, lang)}'
        f"<w:r><w:tab/></w:r>{page}</w:hyperlink>"
    )
    return paragraph(setting.style("contents1" if section is None else "contents2"), inner)


def _low(setting: Setting) -> str:
    """A paragraph too low to be seen."""
    line = '<w:spacing w:before="0" w:after="0" w:line="20" w:lineRule="exact"/>'
    return paragraph(setting.style("note"), extra=line)


def _for_word(runs: str) -> str:
    """Runs that Word reads and LibreOffice passes over.

    LibreOffice takes what it finds inside a list of contents as it stands, page numbers included;
    without the field around them it works out every one of them as it lays out the pages.
    """
    return (
        f'<mc:AlternateContent xmlns:mc="{_COMPATIBILITY}"><mc:Choice xmlns:w15="{_WORD_2013}"'
        f' Requires="w15">{runs}</mc:Choice></mc:AlternateContent>'
    )
