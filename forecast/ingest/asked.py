"""What a person asked of an ingest, and what is known of a file before it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from forecast.ingest.deliveries import Deliveries
from forecast.ingest.detect import LAYOUTS
from forecast.ingest.files.sheet import stem
from forecast.ingest.finding import Found
from forecast.ingest.parsed import MAPPED, Layout
from forecast.ingest.raw import marked
from forecast.ingest.received import Given

__all__ = ["Asked", "Known", "as_before", "delivered"]


@dataclass(frozen=True)
class Asked:
    """What a person asked of one ingest.

    Attributes:
        layout: the layout of all files, where it should not be detected.
        own: layouts of the workspace's own mappings, tried before the built-in ones.
        region: region of files that have no column for it, instead of the file's name.
        received: the moment of receipt, local time of the workspace.
        estimate_from_index: True where concentrations are wanted from index points.
        again: True where a file that was read before is read again.
        dry_run: True where nothing is to be written.
        deliveries: what came in before, by the record beside the files under ``data/raw``.
        twice: names of which several files were given at once.
        folder: of the file under ``data/raw``, empty for one elsewhere.
    """

    layout: Layout | None
    own: Sequence[Layout]
    region: str | None
    received: pd.Timestamp
    estimate_from_index: bool = False
    again: bool = False
    dry_run: bool = False
    deliveries: Deliveries = field(default_factory=lambda: Deliveries({}))
    twice: frozenset[str] = frozenset()
    folder: str = ""

    @property
    def tried(self) -> Sequence[Layout]:
        """The own layouts that may read the file: its folder says which did, where several could."""
        return [layout for layout in self.own if layout.name == self.folder] or self.own

    @property
    def given(self) -> Given:
        """What is to be kept on record of it."""
        return Given(
            "" if self.region is None else self.region.strip(),
            "" if self.layout is None else self.layout.name,
            self.estimate_from_index,
        )


class Known:
    """The sheets read so far, by content, layout and region, and the moment of their last receipt."""

    def __init__(self, files: pd.DataFrame) -> None:
        self._by_content: dict[str, dict[tuple[str, str, str], pd.Timestamp]] = {}
        self._marks: dict[tuple[str, str, str, str], str] = {}
        self.any = len(files) > 0
        names = ("sha256", "part", "layout", "region", "ingested_at", "mapping")
        for content, part, layout, region, moment, mark in zip(
            *(files[name] for name in names), strict=True
        ):
            self.add(content, part, layout, region, moment, mark)

    def add(
        self,
        content: str,
        part: str,
        layout: str,
        region: str,
        received: pd.Timestamp,
        mark: str = "",
    ) -> None:
        """Note a sheet as read, by the mapping of this mark."""
        self._marks[content, part, layout, region] = mark
        self._by_content.setdefault(content, {})[part, layout, region] = received

    def of(self, content: str, since: pd.Timestamp | None = None) -> set[tuple[str, str, str]]:
        """Return ``part, layout, region`` of the sheets of this content received at ``since`` or later."""
        every = self._by_content.get(content, {})
        return {sheet for sheet, moment in every.items() if since is None or moment >= since}

    def forget(self, content: str, part: str, layout: str, region: str) -> None:
        """Take back that a sheet was read."""
        self._by_content[content].pop((part, layout, region), None)

    def outlived(self, content: str, asked: Asked) -> list[tuple[str, str, str]]:
        """Return ``part, layout, region`` of sheets read by mappings that are changed or gone."""
        own = {layout.name: layout for layout in asked.own}
        if asked.layout is not None:
            own[asked.layout.name] = asked.layout
        found = []
        for part, name, region in sorted(self.of(content)):
            layout = own.get(name)
            if layout is None and not name.startswith(MAPPED):
                continue
            if layout is None or layout.mark != self._marks[content, part, name, region]:
                found.append((part, name, region))
        return found


def delivered(
    file: Found, content: str, asked: Asked, known: Known
) -> tuple[pd.Timestamp, pd.Timestamp | None]:
    """Return when a content was received, and since when it counts as read.

    A file on record under ``data/raw`` comes with its own receipt, read again what was set aside
    with its last one. Else it is now, or the moment in the copy mark of a file under ``data/raw``.
    Where another content came in between, the content is of a receipt that counts anew; else one
    that was read at any time (None) is read.
    """
    now, inside, path = asked.received, file.inside, file.path
    line = asked.deliveries.receipts.get(inside) if inside else None
    if asked.again:
        last = asked.deliveries.of(content)
        first = asked.deliveries.first_refused(path, content)
        return min(now if last is None else last.received, first or now, now), None
    if line is not None and line.sha256 == content:
        # Of a command that was stopped: the tables have what came later, and not this.
        moment = now if line.pending and known.any else min(line.received, now)
        return moment, moment
    moment = marked(path, now) if inside else now
    if not known.of(content):
        return moment, None
    alone = stem(path) not in asked.twice
    anew = asked.deliveries.replaced(content, inside, path, alone=alone)
    return moment, moment if anew else None


def as_before(file: Found, asked: Asked) -> Asked:
    """Return what is asked of a file, with what a person gave when it first came in."""
    name = file.inside
    asked = replace(asked, folder=name.partition("/")[0])
    one = asked.deliveries.receipts.get(name)
    if one is None or asked.region is not None or asked.layout is not None:
        return asked
    layout = None
    if one.given.layout:
        own = next((x for x in asked.own if x.name == one.given.layout), None)
        # A layout that is gone since is detected anew.
        layout = own or LAYOUTS.get(one.given.layout)
    return replace(
        asked,
        region=one.given.region or None,
        layout=layout,
        estimate_from_index=asked.estimate_from_index or one.given.estimate_from_index,
    )
