"""Public sources into ``data/raw``: the one way in for what is pulled."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import filelock
import numpy as np

from forecast.errors import WorkspaceError
from forecast.fetch.answers import NotThere, SourceUnavailable
from forecast.fetch.arguments import accepted, address
from forecast.fetch.cache import Cache
from forecast.fetch.client import Answer, Client
from forecast.fetch.registry import fetcher_named
from forecast.fetch.report import FetchReport, FileOutcome
from forecast.fetch.source import Download, NothingInside, Request, Source, Unusable
from forecast.table_lock import acquire, say_waiting
from forecast.workspace import Workspace

__all__ = ["fetch"]

#: How long a fetch waits for another one of the same source [s].
_LOCK_TIMEOUT = 600.0

#: A file younger than this may be on its way to the source yet [day].
_LATE_DAYS = 3

#: After so many files in a row without an answer the rest is not asked for.
_GIVE_UP = 2

#: A checksum with the name of its file is shorter than this [byte].
_CHECKSUM = 1 << 16

Progress = Callable[[int, int, Path], None]


def fetch(
    ws: Workspace,
    source: str,
    *,
    start: date | None = None,
    end: date | None = None,
    place: str | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
    location: int | None = None,
    station: str | None = None,
    site: str | None = None,
    what: str | None = None,
    days: int | None = None,
    checksums: bool = False,
    base_url: str | None = None,
    now: datetime | None = None,
    progress: Progress | None = None,
    rng: np.random.Generator | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    timeout: float = 60.0,
    attempts: int = 5,
) -> FetchReport:
    """Pull files of a public source into ``data/raw/<source>``; nothing is ingested yet.

    What lies there and is unchanged at the source is not sent again. What the source does not
    give, or gives in another form than it used to, is named in the report, and the older copy
    stays in use with its age.

    Args:
        ws: the workspace.
        source: a name of ``FETCHERS``.
        start, end: first and last day; ``end`` is yesterday by default.
        place: the place's name in the workspace.
        latitude, longitude: where it is [°].
        location: OpenAQ's number of a location.
        station: NOAA's number of a station.
        site: USGS's number of a site.
        what: which of the source's kinds of files.
        days: days ahead of a weather forecast.
        checksums: True where a ``.sha256`` lies beside each file.
        base_url: where the source is, in place of the official address.
        now: the moment of asking; default the clock. Without a zone it is local time.
        progress: called with (files done, files in all, file) before each file.
        rng: jitter of the pauses between tries; it changes no result.
        sleep, clock: how to wait.
        timeout: longest silence of the source [s]; one try may last twenty times as long.
        attempts: how often one request is tried.

    Raises:
        UsageError: no such source, or arguments that it does not take or that mean nothing.
        WorkspaceError: the files can't be written, or another fetch holds the source for long.
    """
    wanted = fetcher_named(source)
    moment = now or datetime.now(ws.timezone)
    moment = moment.replace(tzinfo=ws.timezone) if moment.tzinfo is None else moment
    moment = moment.astimezone(ws.timezone)
    given: dict[str, Any] = {
        "start": start, "end": end, "place": place, "latitude": latitude, "longitude": longitude,
        "location": location, "station": station, "site": site, "what": what, "days": days,
        "checksums": checksums or None,
    }  # fmt: skip
    arguments = accepted(wanted, given, moment.date())
    key = os.environ.get(wanted.key_variable, "").strip() if wanted.key_variable else ""
    request = Request(
        base_url=address(wanted, base_url),
        now=moment,
        timezone=ws.config.workspace.timezone,
        key=key,
        **arguments,
    )
    folder = ws.raw / wanted.folder
    report = FetchReport(wanted.name, folder, wanted.terms, readings=bool(wanted.layouts))
    client = Client(
        gap=wanted.gap,
        rng=rng or np.random.default_rng(),
        attempts=attempts,
        timeout=timeout,
        largest=wanted.largest,
        sleep=sleep,
        clock=clock,
        now=lambda: datetime.now(ws.timezone),
        secrets=(key,),
    )
    with _alone(folder), client, Cache(folder, moment) as cache:
        try:
            downloads = wanted.plan(client, request)
        except (SourceUnavailable, Unusable) as error:
            report.note = _sentence(error, wanted, client)
            report.files = _older(cache, wanted.scope(request), request)
            return report
        _all(client, cache, downloads, request, report, progress)
    return report


def _all(
    client: Client,
    cache: Cache,
    downloads: list[Download],
    request: Request,
    report: FetchReport,
    progress: Progress | None,
) -> None:
    silent, last = 0, ""
    for number, download in enumerate(downloads):
        if progress is not None:
            progress(number, len(downloads), Path(download.name))
        done = _done_with(cache, download)
        if done is not None:
            report.files.append(done)
            continue
        if silent >= _GIVE_UP:
            reason = f"It was not asked for, since the source did not answer before: {last}"
            report.files.append(_settled(cache, download, "unavailable", reason))
            continue
        outcome, lasting = _one(client, cache, download, request)
        report.files.append(outcome)
        silent = silent + 1 if lasting else 0
        last = outcome.reason


def _done_with(cache: Cache, download: Download) -> FileOutcome | None:
    """Return the outcome of a file that is here and will not change any more, else None."""
    entry = cache.entries.get(download.name)
    if entry is None or not entry.final or entry.url != download.url:
        return None
    copies = cache.copies(download.name)
    if not copies:
        return None
    return FileOutcome(download.name, "unchanged", paths=tuple(copies), region=download.region)


def _one(
    client: Client, cache: Cache, download: Download, request: Request
) -> tuple[FileOutcome, bool]:
    """Fetch one file; also say whether the next one of this source would fare no better."""
    name, part = download.name, cache.part(download.name)
    entry, copies = cache.entries.get(name), cache.copies(name)
    same = entry is not None and entry.url == download.url and bool(copies)
    answer = None
    try:
        if download.collect is not None:
            answer = Answer(download.collect(client))
        else:
            answer = client.download(
                download.url,
                part,
                etag=entry.etag if entry and same else "",
                last_modified=entry.last_modified if entry and same else "",
                md5=download.md5,
                sha256=_checksum(client, download),
            )
        if not answer.unchanged:
            download.check(answer.data)
    except NotThere as error:
        due = request.settled(download.end or date.min, _LATE_DAYS)
        found = _settled(cache, download, "absent", error.message, error.cure, due=due)
        return found, False
    except NothingInside as error:
        client.discard(part)
        due = request.settled(download.end or date.min, _LATE_DAYS)
        return _settled(cache, download, "absent", f"{_capital(error)}.", due=due), False
    except SourceUnavailable as error:
        found = _settled(cache, download, "unavailable", error.message, error.cure)
        return found, error.lasting
    except Unusable as error:
        client.discard(part)
        data = error.data or (answer.data if answer else b"")
        reason = client.shown(str(error))
        aside = cache.reject(download, client.without_secrets(data), reason) if data else None
        host = urlsplit(download.url).netloc
        found = _settled(
            cache,
            download,
            "rejected",
            f"What {host} sent is not what it used to be: {reason}.",
            "Look whether the source has changed its format; the file is kept aside."
            if aside
            else "Look whether the source has changed its format.",
            aside=aside,
        )
        return found, False
    paths, state = _kept(cache, download, answer, copies)
    client.discard(part)
    return FileOutcome(
        name, state, paths=tuple(paths), region=download.region, resumed=answer.resumed
    ), False


def _kept(
    cache: Cache, download: Download, answer: Answer, copies: list[Path]
) -> tuple[list[Path], str]:
    """Put a content that is in order in its place, unless it is there."""
    entry = cache.entries.get(download.name)
    if answer.unchanged:
        cache.confirm(download, etag=answer.etag, last_modified=answer.last_modified)
        return copies, "unchanged"
    essence = hashlib.sha256(download.essence(answer.data)).hexdigest()
    if entry is not None and copies and entry.key == essence:
        cache.confirm(download, etag=answer.etag, last_modified=answer.last_modified)
        return copies, "unchanged"
    pieces = {download.name: answer.data}
    if download.unpack is not None:
        pieces = download.unpack(answer.data)
    paths = cache.keep(
        download, pieces, key=essence, etag=answer.etag, last_modified=answer.last_modified
    )
    return paths, "downloaded"


def _checksum(client: Client, download: Download) -> str:
    """Return the SHA-256 that lies beside a file, in the form of ``sha256sum``."""
    if not download.checksum_url:
        return ""
    try:
        words = (
            client.get(download.checksum_url, largest=_CHECKSUM)
            .decode("ascii", errors="replace")
            .split()
        )
    except NotThere:
        words = []
    if not words or not re.fullmatch(r"[0-9a-fA-F]{64}", words[0]):
        raise SourceUnavailable(
            f"{download.name} has no SHA-256 checksum beside it.",
            "Leave out --checksums if the archive has none.",
        )
    return words[0].lower()


def _settled(
    cache: Cache,
    download: Download,
    state: str,
    reason: str,
    cure: str = "",
    *,
    due: bool = True,
    aside: Path | None = None,
) -> FileOutcome:
    """Return the outcome of a file that gave nothing new, with the older copy if there is one."""
    copies = tuple(cache.copies(download.name))
    age = cache.age_days(download.name) if copies else 0.0
    return FileOutcome(
        download.name, state, reason, cure, copies, download.region, age, due=due, kept_aside=aside
    )


def _older(cache: Cache, scope: str, request: Request) -> list[FileOutcome]:
    """Return the copies that answer a request whose source does not say what it has."""
    found = []
    for name, entry in cache.entries.items():
        if entry.scope != scope or not (copies := tuple(cache.copies(name))):
            continue
        # ISO dates sort as text.
        early = request.start is not None and "" < entry.end < request.start.isoformat()
        late = request.end is not None and entry.start > request.end.isoformat()
        if early or late:
            continue
        if entry.final:
            found.append(FileOutcome(name, "unchanged", paths=copies, region=entry.region))
            continue
        reason = "The source gave no list of its files."
        age = cache.age_days(name)
        found.append(FileOutcome(name, "unavailable", reason, "", copies, entry.region, age))
    return found


def _sentence(error: Exception, source: Source, client: Client) -> str:
    if isinstance(error, SourceUnavailable):
        return f"{source.name}: {error}"
    why = client.shown(str(error))
    return f"{source.name}: its list of files is not what it used to be: {why}. Try again later."


def _capital(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the lock of a source's folder; a second fetch waits."""
    lock = filelock.FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        acquire(
            lock, _LOCK_TIMEOUT,
            lambda: say_waiting(
                f"另一个命令正在下载到{folder},等待其完成。",
                f"Another command is fetching into {folder}; waiting for it to finish.",
            ),
        )  # fmt: skip
    except filelock.Timeout as error:
        raise WorkspaceError(
            f"Another command has been fetching into {folder} for more than ten minutes.",
            "Let it end, then run again.",
        ) from error
    except (OSError, NotImplementedError) as error:
        raise WorkspaceError(
            f"{folder} can't be written ({getattr(error, 'strerror', None) or error}).",
            "Check that it is a folder and that you may write to it.",
        ) from error
    try:
        yield
    finally:
        lock.release()
