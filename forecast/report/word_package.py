"""The file as a package: an empty one to begin with, and the same bytes for the same content."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from typing import Any

from forecast.errors import UsageError
from forecast.report.document import Document, Language, in_language
from forecast.report.word_markup import NAMESPACES, cleaned
from forecast.report.word_styles import own_styles

__all__ = ["describe", "empty_file", "numbering_of", "open_package", "packed", "update_on_opening"]

_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

#: A property of a file has no more characters.
_LONGEST = 255

#: What follows ``w:updateFields`` in the order of the schema; the first that is there comes after it.
_AFTER_UPDATE = (
    "hdrShapeDefaults", "footnotePr", "endnotePr", "compat", "docVars", "rsids", "mathPr",
    "attachedSchema", "themeFontLang", "clrSchemeMapping", "doNotIncludeSubdocsInStats",
    "doNotAutoCompressPictures", "forceUpgrade", "captions", "readModeInkLockDown", "smartTagType",
    "schemaLibrary", "shapeDefaults", "doNotEmbedSmartTags", "decimalSymbol", "listSeparator",
)  # fmt: skip

_SETTINGS = (
    f"<w:settings {NAMESPACES}>"
    '<w:zoom w:percent="100"/><w:defaultTabStop w:val="420"/>'
    '<w:characterSpacingControl w:val="compressPunctuation"/>'
    "<w:compat><w:balanceSingleByteDoubleByteWidth/><w:doNotExpandShiftReturn/><w:useFELayout/>"
    '<w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word"'
    ' w:val="15"/></w:compat><w:themeFontLang w:val="en-US" w:eastAsia="zh-CN"/>'
    '<w:decimalSymbol w:val="."/><w:listSeparator w:val=","/></w:settings>'
)


def open_package(data: bytes) -> Any:
    """Return a file as python-docx's document.

    Raises:
        UsageError: python-docx is not installed.
    """
    try:
        import docx
    except ImportError as error:
        raise UsageError(
            "Word documents need the package python-docx, which is not installed.",
            "Install it with: pip install python-docx",
        ) from error
    return docx.Document(io.BytesIO(data))


def empty_file() -> bytes:
    """Return a document without text: A4 is set with the first section, styles are added later."""
    parts = {"styles": own_styles(), "settings": _SETTINGS,
             "numbering": f"<w:numbering {NAMESPACES}/>", "fontTable": f"<w:fonts {NAMESPACES}/>"}  # fmt: skip
    kinds = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{_MAIN}.{name}+xml"/>'
        for name in parts
    )
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/{name}" Target="{name}.xml"/>'
        for n, name in enumerate(parts, 1)
    )
    files = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_MAIN}.document.main+xml"/>{kinds}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
        f' Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f"<w:document {NAMESPACES}><w:body><w:sectPr/></w:body></w:document>",
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{related}</Relationships>',
    } | {f"word/{name}.xml": xml for name, xml in parts.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, xml in files.items():
            made.writestr(name, _HEAD + xml)
    return buffer.getvalue()


def numbering_of(main: Any) -> Any:
    """Return the ``w:numbering`` element of the main part; an empty one is added where it has none."""
    from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.oxml import parse_xml
    from docx.parts.numbering import NumberingPart

    for relation in main.rels.values():
        if relation.reltype == RELATIONSHIP_TYPE.NUMBERING:
            return relation.target_part.element
    made = NumberingPart(
        PackURI("/word/numbering.xml"), CONTENT_TYPE.WML_NUMBERING,
        parse_xml(f"<w:numbering {NAMESPACES}/>"), main.package,
    )  # fmt: skip
    main.relate_to(made, RELATIONSHIP_TYPE.NUMBERING)
    return made.element


def update_on_opening(settings: Any) -> None:
    """Let Word fill the list of contents when it opens the file: only it knows the pages."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    if settings.find(qn("w:updateFields")) is not None:
        return
    update = OxmlElement("w:updateFields")
    update.set(qn("w:val"), "true")
    behind = next((c for c in settings if c.tag.rsplit("}", 1)[-1] in _AFTER_UPDATE), None)
    if behind is None:
        settings.append(update)
    else:
        behind.addprevious(update)


def describe(properties: Any, document: Document, lang: Language) -> None:
    """Set the properties of the file: title, author, and its day in place of the clock's."""
    day = datetime.combine(document.written, datetime.min.time())
    organisation = cleaned(document.organisation)[:_LONGEST]
    properties.title = cleaned(in_language(document.title, lang))[:_LONGEST]
    properties.subject = cleaned(in_language(document.subtitle, lang))[:_LONGEST]
    properties.author = organisation or properties.author or ""
    properties.last_modified_by = organisation
    properties.comments = cleaned(f"run {document.run_id}")[:_LONGEST]
    properties.created = properties.modified = day
    properties.revision = 1
    properties.language = "zh-CN" if lang == "zh" else "en"


def packed(file: Any, written: date) -> bytes:
    """Return the bytes of a file; they hold no time but that of ``written``."""
    buffer = io.BytesIO()
    file.save(buffer)
    day = max(written, date(1980, 1, 1))  # a zip archive knows no earlier one
    out = io.BytesIO()
    with zipfile.ZipFile(buffer) as found, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in found.namelist():
            entry = zipfile.ZipInfo(name, (day.year, day.month, day.day, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0
            made.writestr(entry, found.read(name))
    return out.getvalue()
