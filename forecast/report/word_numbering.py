"""Numbers of headings and findings, as lists that Word keeps in order when the text is edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forecast.report.document import Language
from forecast.report.word_markup import NAMESPACES

__all__ = ["Lists", "add_lists", "number_properties", "numbered_styles", "shown_number"]

_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True)
class Lists:
    """Ids of the lists of one file: that of the headings, and one for each run of findings."""

    headings: int
    findings: tuple[int, ...]


def number_properties(number: int, level: int = 0) -> str:
    """Return the property that makes a paragraph or a style an entry of a list."""
    return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'


def add_lists(
    numbering: Any, lang: Language, findings: int, headings: Mapping[int, str], *, indent: bool
) -> Lists:
    """Add our lists to those of a file.

    Args:
        numbering: the ``w:numbering`` element.
        lang: 一、 and （一） in Chinese, 1 and 1.1 in English.
        findings: how many runs of findings are counted from one each.
        headings: level → id of the style of headings that it is bound to; a level is left out where
            the headings are numbered one by one.
        indent: whether a finding begins two characters in; else its style says where.
    """
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn

    abstract = _next(numbering, "w:abstractNum", "w:abstractNumId")
    number = max(_next(numbering, "w:num", "w:numId"), 1)
    lists = Lists(number, tuple(range(number + 1, number + 1 + findings)))
    new = [_headings(abstract, lang, headings), _findings(abstract + 1, indent)]
    first = numbering.find(qn("w:num"))
    for xml in new:
        # All forms of lists stand before the lists that use them.
        made = parse_xml(xml)
        numbering.append(made) if first is None else first.addprevious(made)
    numbering.append(parse_xml(_list(number, abstract, restart=False)))
    for one in lists.findings:
        numbering.append(parse_xml(_list(one, abstract + 1, restart=True)))
    return lists


def numbered_styles(styles: Any, ids: dict[str, str]) -> set[str]:
    """Return the keys of those headings whose style, or one it is based on, says how it is numbered."""
    from docx.oxml.ns import qn

    by_id = {s.get(qn("w:styleId")): s for s in styles.findall(qn("w:style"))}
    out = set()
    for key in ("heading1", "heading2"):
        at, seen = by_id.get(ids.get(key)), set()
        while at is not None and id(at) not in seen:
            seen.add(id(at))
            if at.find(f"{qn('w:pPr')}/{qn('w:numPr')}") is not None:
                out.add(key)
                break
            based = at.find(qn("w:basedOn"))
            at = None if based is None else by_id.get(based.get(qn("w:val")))
    return out


def shown_number(chapter: int, section: int | None, lang: Language) -> str:
    """Return the number that a heading is printed with, for the list of contents.

    >>> shown_number(12, None, "zh"), shown_number(2, 3, "zh"), shown_number(2, 3, "en")
    ('十二、', '（三）', '2.3 ')
    """
    if lang == "en":
        return f"{chapter} " if section is None else f"{chapter}.{section} "
    return f"{_chinese(chapter)}、" if section is None else f"（{_chinese(section)}）"


def _chinese(number: int) -> str:
    """A number from 1 to 99 in Chinese characters."""
    tens, ones = divmod(number, 10)
    head = "" if not tens else ("十" if tens == 1 else f"{_DIGITS[tens]}十")
    return head + (_DIGITS[ones] if ones or not tens else "")


def _next(numbering: Any, tag: str, attribute: str) -> int:
    from docx.oxml.ns import qn

    used = [int(e.get(qn(attribute), "0")) for e in numbering.findall(qn(tag))]
    return max(used, default=-1) + 1


def _headings(abstract: int, lang: Language, styles: Mapping[int, str]) -> str:
    forms = (
        (("chineseCountingThousand", "%1、", "nothing"), ("chineseCountingThousand", "（%2）", "nothing"))
        if lang == "zh"
        else (("decimal", "%1", "space"), ("decimal", "%1.%2", "space"))
    )  # fmt: skip
    levels = "".join(
        _level(at, form, text, suffix, styles.get(at, ""))
        for at, (form, text, suffix) in enumerate(forms)
    )
    return _abstract(abstract, "multilevel", levels)


def _findings(abstract: int, indent: bool) -> str:
    # LibreOffice leaves the indent of a style out of account where a paragraph is numbered.
    first = '<w:pPr><w:ind w:left="0" w:firstLine="560" w:firstLineChars="200"/></w:pPr>'
    level = _level(0, "decimal", "%1.", "space", "", first if indent else "")
    return _abstract(abstract, "singleLevel", level)


def _abstract(number: int, kind: str, levels: str) -> str:
    return (
        f'<w:abstractNum {NAMESPACES} w:abstractNumId="{number}"><w:nsid w:val="{0x5EC00000 + number:08X}"/>'
        f'<w:multiLevelType w:val="{kind}"/><w:tmpl w:val="{0x6EC00000 + number:08X}"/>{levels}'
        "</w:abstractNum>"
    )


def _level(at: int, form: str, text: str, suffix: str, style: str, rest: str = "") -> str:
    bound = f'<w:pStyle w:val="{style}"/>' if style else ""
    return (
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{bound}'
        f'<w:suff w:val="{suffix}"/><w:lvlText w:val="{text}"/><w:lvlJc w:val="left"/>{rest}</w:lvl>'
    )


def _list(number: int, abstract: int, *, restart: bool) -> str:
    again = (
        '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>' if restart else ""
    )
    return f'<w:num {NAMESPACES} w:numId="{number}"><w:abstractNumId w:val="{abstract}"/>{again}</w:num>'
