"""A table from a database: any SQLAlchemy address and a query.

The result becomes a sheet of text cells whose content is CSV (UTF-8), so that the raw copy can be
read again without the database. A password is only ever taken from the environment: an address in a
mapping that holds one is refused, and no message shows one.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from forecast.errors import InputError, UsageError
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.mapping.model import Database

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

__all__ = ["database_url", "read_database", "read_query"]

#: Options of an address that drivers take a password from.
_SECRETS = frozenset(["password", "passwd", "pwd", "sslpassword", "passfile", "token", "secret"])


def database_url(database: Database, environ: Mapping[str, str] | None = None) -> str:
    """Return the address of a mapping's database.

    Args:
        database: the mapping's ``[database]``.
        environ: where ``url_env`` is looked up; default the environment.

    Raises:
        InputError: the address in the mapping holds a password.
        UsageError: the variable isn't set.
    """
    if database.url is not None:
        address = _url(database.url)
        if address.password is not None or _SECRETS & {key.lower() for key in address.query}:
            raise InputError(
                "The address of the database in the mapping holds a password.",
                "Put the whole address into an environment variable and give its name as url_env.",
            )
        return database.url
    variable = database.url_env or ""
    found = (os.environ if environ is None else environ).get(variable, "")
    if not found:
        raise UsageError(
            f"The environment variable {variable} is not set.",
            "Set it to the address of the database, such as "
            "postgresql+psycopg://user:password@host/name, before the command.",
        )
    return found


def read_database(
    database: Database, *, name: str, environ: Mapping[str, str] | None = None
) -> Sheet:
    """Return the table of a mapping's ``[database]``; see :func:`read_query`."""
    return read_query(database_url(database, environ), database.query, name=name)


def read_query(url: str, query: str, *, name: str) -> Sheet:
    """Return the result of a query as a sheet with the path ``database/<name>.csv``.

    Numbers come with all their digits, times as ``2024-01-31 08:00:00`` and NULL blank. Rows keep
    the order that the query gives, so it should have one.

    Args:
        url: an SQLAlchemy address.
        query: one statement that gives rows and changes nothing; SQLite is opened read-only.
        name: what to call it.

    Raises:
        InputError: SQLAlchemy or a driver isn't installed, the database can't be reached, the
            query fails, it does not only read, or it gives no rows.
    """
    try:
        import sqlalchemy
    except ImportError as error:
        raise InputError(
            "Reading a database needs SQLAlchemy, which is not installed.",
            'Install it: pip install "forecast[database]".',
        ) from error
    address = _url(url)
    _check_reads(query, name)
    try:
        engine = sqlalchemy.create_engine(_read_only(address))
    except ImportError as error:
        raise InputError(
            f"The driver of the database {_shown(address)} is not installed "
            f"({error.name or 'unknown module'}).",
            f"Install it: pip install {error.name or 'the driver'}.",
        ) from error
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise InputError(
            f"{_shown(address)} is not the address of a known kind of database.",
            "Write it as postgresql+psycopg://host/name, sqlite:///file.db or such.",
        ) from error
    try:
        with engine.connect() as connection:
            # The query goes to the driver as it is: «%» and «:» are no parameters of ours.
            if address.get_backend_name() == "postgresql":
                connection = connection.execution_options(postgresql_readonly=True)
            plain = connection.execution_options(no_parameters=True)
            result = plain.exec_driver_sql(query)
            if not result.returns_rows:
                raise InputError(
                    f"The query of {name} gives no table.", "Write a query that selects rows."
                )
            data = _as_csv(list(result.keys()), result)
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise InputError(
            f"The query of {name} on {_shown(address)} failed: {_said(error, address)}.",
            "Check the address, the rights of its user and the query.",
        ) from None
    finally:
        engine.dispose()
    return read_sheet(Path("database") / f"{name}.csv", data)


#: What stands between words: comments, and texts and names in quotation marks.
_NO_WORDS = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|\[[^\]]*\]", re.DOTALL
)
_WRITES = re.compile(
    r"\b(?:insert|update|delete|merge|replace\s+into|drop|alter|create|truncate|grant|attach|vacuum|"
    r"pragma|call|exec|execute|into)\b",
    re.IGNORECASE,
)


def _check_reads(query: str, name: str) -> None:
    """Refuse a statement that is no plain SELECT.

    Raises:
        InputError: it begins with another word than SELECT or WITH, writes, or is several.
    """
    bare = _NO_WORDS.sub(" ", query).strip().rstrip(";").strip()
    begins = re.match(r"\(*\s*(?:select|with)\b", bare, re.IGNORECASE)
    if begins is None or ";" in bare or _WRITES.search(bare):
        raise InputError(
            f"The query of {name} is not one statement that only reads.",
            "Write one SELECT, or WITH … SELECT; nothing may be changed in the database.",
        )


def _read_only(address: URL) -> URL:
    """Return an address under which SQLite changes and makes no file; others as they are."""
    file = address.database or ""
    if address.get_backend_name() != "sqlite" or file in ("", ":memory:"):
        return address
    if file.startswith("file:"):
        return address.update_query_dict({"mode": "ro", "uri": "true"})
    # A question mark or a per cent sign in the path would end it.
    path = quote(Path(file).resolve().as_posix(), safe="/:")
    path = path if path.startswith("/") else f"/{path}"
    return address.set(database=f"file:{path}").update_query_dict({"mode": "ro", "uri": "true"})


def _url(text: str) -> URL:
    try:
        import sqlalchemy
    except ImportError as error:
        raise InputError(
            "Reading a database needs SQLAlchemy, which is not installed.",
            'Install it: pip install "forecast[database]".',
        ) from error
    try:
        return sqlalchemy.engine.make_url(text)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        # The text itself may hold a password, so it is not shown, not even as a cause.
        raise InputError(
            "The address of the database can't be read.",
            "Write it as postgresql+psycopg://user:password@host:5432/name.",
        ) from None


def _shown(address: URL) -> str:
    """Return an address without its user's password and its options, which may hold one too."""
    return address.set(password=None, query={}).render_as_string(hide_password=True)


def _said(error: Exception, address: URL) -> str:
    """Return the first line of a driver's message, with every secret of the address taken out."""
    lines = [line.strip() for line in str(getattr(error, "orig", None) or error).splitlines()]
    said = next((line for line in lines if line), type(error).__name__).rstrip(".")
    secrets = [address.password, *(str(value) for value in address.query.values())]
    for secret in secrets:
        if secret:
            said = said.replace(str(secret), "***")
    return re.sub(r"://([^:/@\s]+):[^@\s]+@", r"://\1:***@", said)


def _as_csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8")


def _cell(value: object) -> str:
    """Return a value as text that gives the same value again."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float):
        return "" if value != value else repr(value).removesuffix(".0")
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    return str(value)
