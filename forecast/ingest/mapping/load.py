"""Mappings as files, and as layouts that read by them."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from forecast.errors import InputError
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.mapping.lines import same_header
from forecast.ingest.mapping.model import Mapping
from forecast.ingest.mapping.rows import read_mapped
from forecast.ingest.parsed import MAPPED, Layout, Parsed, Request

__all__ = ["Mapping", "load_mapping", "load_mappings", "mapped_layout", "read_mapping"]


def read_mapping(text: str, *, name: str, where: str) -> Mapping:
    """Read a mapping from TOML.

    Args:
        text: the TOML.
        name: of the mapping, where the text says none.
        where: the file, for messages.

    Raises:
        InputError: not TOML, an unknown key, or a value that makes no sense.
    """
    try:
        fields = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"{where} is not valid TOML: {error}.",
            "Text values need quotes; write the mapping anew with `forecast map FILE`.",
        ) from error
    try:
        mapping = Mapping.model_validate(fields)
    except ValidationError as error:
        raise _explained(where, error) from error
    return mapping if mapping.name else mapping.model_copy(update={"name": name})


def load_mapping(path: Path) -> Mapping:
    """Read the mapping in the file ``path``.

    Raises:
        InputError: it can't be read or is wrong; names the file, the key and what is allowed.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist.", "Check the path.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from error
    except OSError as error:
        raise InputError(
            f"{path} can't be read ({error.strerror or error}).", "Check its permissions."
        ) from error
    return read_mapping(text, name=path.stem, where=str(path))


def load_mappings(folder: Path) -> list[Mapping]:
    """Return the mappings of a folder, by name; none where there is no such folder.

    Two may have one header, such as one of real-time and one of audited values: files that could be
    either are read by the one that is given for them.

    Raises:
        InputError: one of them is wrong, or two have one name.
    """
    if not folder.is_dir():
        return []
    found: dict[str, Mapping] = {}
    for path in sorted(folder.glob("*.toml")):
        mapping = load_mapping(path)
        if mapping.name in found:
            raise InputError(
                f"{path}: there is another mapping called {mapping.name} in this folder.",
                "Give one of them another name.",
            )
        found[mapping.name] = mapping
    return [found[name] for name in sorted(found)]


#: Kind of a wrong value → what it should be, in the words of TOML.
_TYPES = {
    "tuple_type": 'it must be a list, such as ["日期"]',
    "list_type": 'it must be a list, such as ["日期"]',
    "dict_type": "it must be a table of its own, such as [items.pm25]",
    "model_type": "it must be a table of its own, such as [time]",
    "model_attributes_type": "it must be a table of its own, such as [time]",
    "string_type": "it must be a text in quotes",
    "bool_type": "it must be true or false, without quotes",
    "int_type": "it must be a whole number, without quotes",
    "string_too_short": "it must not be empty",
    "too_short": "it must not be empty",
}


def _explained(where: str, error: ValidationError) -> InputError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return InputError(f"{where}: there is no setting {key}.", "Correct its name or remove it.")
    if first["type"] == "missing":
        return InputError(f"{where}: {key} is missing.", "Add it.")
    said = _TYPES.get(first["type"]) or str(first["msg"]).removeprefix("Value error, ")
    return InputError(f"{where}: {key + ': ' if key else ''}{said}.", "Correct the mapping.")


def _mark(mapping: Mapping) -> str:
    """Return what tells apart the states of a mapping that read a table differently."""
    aside = {"name", "confirmed", "match", "database", "format"}
    fields = mapping.model_dump(mode="json", exclude=aside, exclude_defaults=True)
    text = json.dumps(fields, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def mapped_layout(mapping: Mapping) -> Layout:
    """Return a layout that reads files by ``mapping``.

    Its name, which stands in the column ``source``, is ``mapping_`` and the mapping's name.
    """

    def matches(lines: Sequence[Sequence[str]]) -> bool:
        match = mapping.match
        return match is not None and any(same_header(line, match.header) for line in lines)

    def parse(sheet: Sheet, request: Request) -> Parsed:
        return read_mapped(mapping, sheet, request)

    return Layout(
        name=f"{MAPPED}{mapping.name}",
        tables=(mapping.table,),
        description=f"the mapping {mapping.name} of this workspace",
        matches=matches,
        parse=parse,
        region_from_name=mapping.region is None,
        header_line=None if mapping.match is None else mapping.match.header_line,
        mark=_mark(mapping),
    )
