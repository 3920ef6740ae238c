"""A user's own Word file: what can be taken, where the text goes, what its placeholders become."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecast.errors import InputError, UsageError
from forecast.report.document import Document, Language, in_language
from forecast.report.word_cover import day_written
from forecast.report.word_markup import cleaned
from forecast.report.word_package import open_package
from forecast.zip_bounds import unpacks_too_far

__all__ = [
    "ContentPlace",
    "check_template",
    "content_place",
    "fill",
    "has_contents",
    "open_template",
]

#: ``{{name}}``, in the brackets of either keyboard.
_PLACEHOLDER = re.compile(r"(?:\{\{|｛｛)\s*([^{}｛｝]*?)\s*(?:\}\}|｝｝)")

#: Chinese and English name → what it stands for.
_NAMES: dict[str, str] = {
    "正文": "content", "标题": "title", "副标题": "subtitle", "地区": "region", "年份": "year",
    "单位": "organisation", "日期": "date", "运行": "run",
}  # fmt: skip

_MAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_AS_TEMPLATE = b"application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml"
_WITH_MACROS = b"application/vnd.ms-word.", b"macroEnabled"
_STRICT = b"http://purl.oclc.org/ooxml/"
#: An old .doc and every file with a password begin so; the second names its stream so.
_COMPOUND, _LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "EncryptedPackage".encode("utf-16-le")

_SAVE_AS = "Open it in Word or WPS and save it as a Word document (*.docx)."


@dataclass(frozen=True)
class ContentPlace:
    """Where the text goes.

    Attributes:
        anchor: child of the body that the text stands before.
        is_placeholder: whether ``anchor`` only marked the place.
        has_cover: whether the template has text of its own before it.
    """

    anchor: Any
    is_placeholder: bool
    has_cover: bool


def open_template(path: Path) -> Any:
    """Open a .docx or .dotx.

    Raises:
        UsageError: there is no such file, or python-docx is not installed.
        InputError: it is something else, is damaged or is protected by a password.
    """
    if not path.is_file():
        raise UsageError(f"There is no Word template {path}.", "Check its name and folder.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The Word template {path} could not be read ({error.strerror or error}).",
            "Close it in Word and check that you may read it.",
        ) from error
    if data.startswith(_COMPOUND):
        if _LOCKED in data:
            raise InputError(
                f"The Word template {path} is protected by a password.",
                "Open it in Word and save it without the password.",
            )
        raise InputError(f"The Word template {path} is in the old .doc format.", _SAVE_AS)
    data = _as_document(path, data)
    try:
        return open_package(data)
    # python-docx lets through what its parts raise: KeyError and AttributeError for what is
    # missing, SyntaxError for XML that is none.
    except (
        KeyError,
        ValueError,
        AttributeError,
        IndexError,
        SyntaxError,
        zipfile.BadZipFile,
    ) as error:
        raise InputError(
            f"The Word template {path} is damaged: {str(error).splitlines()[0] if str(error) else 'a part is missing'}.",
            _SAVE_AS,
        ) from error


def fill(file: Any, document: Document, lang: Language, path: Path) -> set[str]:
    """Put what they stand for in place of all placeholders but that of the text.

    Body, tables, text boxes, heads and feet are searched; a placeholder that Word split over several
    runs is found and takes the look of its first.

    Returns:
        What was found, such as ``title``.

    Raises:
        InputError: a placeholder of another name.
    """
    values = {
        "title": in_language(document.title, lang), "subtitle": in_language(document.subtitle, lang),
        "region": document.region, "year": str(document.year),
        "organisation": document.organisation, "date": day_written(document.written, lang),
        "run": document.run_id,
    }  # fmt: skip
    found = _placeholders(file, path)
    for root in _stories(file):
        for one in _paragraphs(root):
            _replace(one, values)
    return found


def _placeholders(file: Any, path: Path) -> set[str]:
    """Names of the placeholders of a template; an unknown one is an error."""
    found = set()
    for root in _stories(file):
        for one in _paragraphs(root):
            for match in _PLACEHOLDER.finditer(_text(one)):
                name = _known(match[1])
                if name is None:
                    names = "、".join(f"{{{{{n}}}}}" for n in _NAMES)
                    raise InputError(
                        f"The Word template {path} has a placeholder {match[0]}, which stands for "
                        "nothing.",
                        f"Known are {names} and, in English, {', '.join(_NAMES.values())}.",
                    )
                found.add(name)
    return found


def check_template(path: Path) -> None:
    """Stop at a template that a report can't be set in, before anything long has begun.

    Raises:
        UsageError, InputError: as ``open_template``, ``fill`` and ``content_place``.
    """
    file = open_template(path)
    _placeholders(file, path)
    content_place(file, path)


def content_place(file: Any, path: Path) -> ContentPlace:
    """Find where the text goes: at ``{{正文}}`` or ``{{content}}``, else at the end.

    Raises:
        InputError: it stands twice, beside other text, or where a report has no room: in a table, a
            text box, a head or a foot.
    """
    from docx.oxml.ns import qn

    body = file.element.body
    marked = [
        p
        for root in _stories(file)
        for p in _paragraphs(root)
        if any(_known(m[1]) == "content" for m in _PLACEHOLDER.finditer(_text(p)))
    ]
    if len(marked) > 1:
        raise InputError(
            f"The Word template {path} has {{{{正文}}}} in {len(marked)} places.",
            "Leave it in the one where the text of the report goes.",
        )
    if marked:
        own = marked[0]
        anchor = own
        while anchor.getparent() is not None and anchor.getparent() is not body:
            anchor = anchor.getparent()
        controls = {qn("w:sdt"), qn("w:sdtContent")}
        inside = {a.tag for a in own.iterancestors()} if anchor is not own else {body.tag}
        if anchor.getparent() is not body or inside - {body.tag, file.element.tag} - controls:
            raise InputError(
                f"The Word template {path} has {{{{正文}}}} in a table, a text box, a header or a footer.",
                "Put it into a paragraph of its own between the other paragraphs.",
            )
        if not _PLACEHOLDER.fullmatch(_text(own).strip()):
            raise InputError(
                f"The Word template {path} has {{{{正文}}}} in a paragraph with other text.",
                "Put it into a paragraph of its own.",
            )
        before = list(anchor.itersiblings(preceding=True))
        for run in own.findall(qn("w:r")):
            own.remove(run)
        for text in own.iter(qn("w:t")):
            text.text = ""
        return ContentPlace(anchor, True, _has_text(before))
    last = body.find(qn("w:sectPr"))
    if last is None:
        from docx.oxml import OxmlElement

        last = OxmlElement("w:sectPr")
        body.append(last)
    return ContentPlace(last, False, _has_text(list(last.itersiblings(preceding=True))))


def has_contents(file: Any) -> bool:
    """Whether the file has a list of contents of its own."""
    from docx.oxml.ns import qn

    body = file.element.body
    said = [e.text or "" for e in body.iter(qn("w:instrText"))]
    said += [e.get(qn("w:instr"), "") for e in body.iter(qn("w:fldSimple"))]
    return any(s.split()[:1] == ["TOC"] for s in said)


def _as_document(path: Path, data: bytes) -> bytes:
    """Check what kind of file it is; a .dotx becomes the document it makes."""
    if unpacks_too_far(data):
        raise InputError(f"{path} unpacks to more than a Word document needs.", _SAVE_AS)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as found:
            if any(i.flag_bits & 1 for i in found.infolist()):
                raise InputError(
                    f"The Word template {path} is protected by a password.",
                    "Save it without the password.",
                )
            parts = {i.filename: found.read(i) for i in found.infolist()}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError) as error:
        raise InputError(f"{path} is not a Word document.", _SAVE_AS) from error
    except zlib.error as error:
        raise InputError(f"The Word template {path} is damaged.", _SAVE_AS) from error
    types = parts.get("[Content_Types].xml", b"")
    if all(mark in types for mark in _WITH_MACROS):
        raise InputError(
            f"The Word template {path} has macros, which a report can't carry.", _SAVE_AS
        )
    if _STRICT in parts.get("_rels/.rels", b""):
        raise InputError(f"The Word template {path} is in the strict form of Open XML.", _SAVE_AS)
    if _AS_TEMPLATE in types:
        parts["[Content_Types].xml"] = types.replace(_AS_TEMPLATE, _MAIN)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as made:
            for name, part in parts.items():
                made.writestr(name, part)
        return out.getvalue()
    if _MAIN not in types:
        raise InputError(f"{path} is not a Word document.", _SAVE_AS)
    return data


def _known(name: str) -> str | None:
    english = name.casefold()
    return _NAMES.get(name, english if english in _NAMES.values() else None)


def _stories(file: Any) -> Iterator[Any]:
    """The body, and the heads and feet of pages."""
    from docx.opc.constants import RELATIONSHIP_TYPE

    yield file.element.body
    for relation in file.part.rels.values():
        if relation.reltype in (RELATIONSHIP_TYPE.HEADER, RELATIONSHIP_TYPE.FOOTER):
            yield relation.target_part.element


def _paragraphs(root: Any) -> list[Any]:
    from docx.oxml.ns import qn

    return list(root.iter(qn("w:p")))


def _texts(paragraph: Any) -> list[Any]:
    """The texts of a paragraph, without those of a text box that is anchored in it."""
    from docx.oxml.ns import qn

    return [
        t for t in paragraph.iter(qn("w:t"))
        if next(t.iterancestors(qn("w:p"))) is paragraph
    ]  # fmt: skip


def _text(paragraph: Any) -> str:
    return "".join(t.text or "" for t in _texts(paragraph))


def _has_text(elements: list[Any]) -> bool:
    from docx.oxml.ns import qn

    return any((t.text or "").strip() for e in elements for t in e.iter(qn("w:t")))


def _replace(paragraph: Any, values: Mapping[str, str]) -> None:
    """Replace the placeholders of one paragraph from its end, so that earlier ones stay in place."""
    from docx.oxml.ns import qn

    texts = _texts(paragraph)
    whole = "".join(t.text or "" for t in texts)
    for match in reversed(list(_PLACEHOLDER.finditer(whole))):
        name = _known(match[1])
        if name is None or name not in values:
            continue
        at, new = 0, cleaned(values[name])
        for text in texts:
            own = text.text or ""
            start, end = max(match.start() - at, 0), min(match.end() - at, len(own))
            at += len(own)
            if start < end:
                text.text = own[:start] + new + own[end:]
                text.set(qn("xml:space"), "preserve")
                new = ""
