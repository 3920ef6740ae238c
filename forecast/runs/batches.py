"""A run cut into batches of places: each reads its own readings, and hands back what is said of them.

A batch is a small description that any process can work off which sees the folder of the tables:
one of this machine, or one of a cluster. What comes back holds nothing per path, so a run of a whole
country needs the memory of as many batches as are under way, whatever the number of places.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pandas as pd

from forecast.configuration import Config
from forecast.errors import WorkspaceError
from forecast.features.weather_ahead import WeatherAhead
from forecast.models.kept_fits import KeptFits
from forecast.projection.answers import Domain, DomainAnswer, air_answers
from forecast.projection.kept_water import kept_water_answers
from forecast.projection.panel import Panel
from forecast.projection.settings import Settings
from forecast.projection.water_months import WaterSurroundings
from forecast.projection.water_regions import WaterRegion, water_regions
from forecast.region_names import normalise_region
from forecast.runs.inputs import with_readings
from forecast.runs.manifest import versions
from forecast.shared_tables import cache_folder, fetched, publish
from forecast.store import Store
from forecast.store_then import StoreThen
from forecast.targets.applying import plans_of_region

__all__ = [
    "AirBatch", "Batch", "BatchAnswer", "Share", "Tables", "WaterBatch", "WaterFits", "answer_batch",
    "first_batches", "water_batches",
]  # fmt: skip

#: Cities of one batch at most: large enough that opening the tables is nothing beside the work,
#: small enough that the last batches of a run end together.
CITIES_PER_BATCH = 16
#: Sections of one batch at most, likewise.
SECTIONS_PER_BATCH = 64
#: Batches for each process where there are few cities, so that none waits long for another.
_BATCHES_EACH = 4

#: One batch at a time in a process: a cluster's worker may have several threads.
_ONE = threading.Lock()


@dataclass(frozen=True)
class Tables:
    """Where the readings are.

    Attributes:
        folder: of the tables, as every worker sees it; or the address of a shared copy of them.
        fingerprint: of what they say.
        moment: files taken in later are left out; None leaves none out.
        versions: of the package and of the libraries that the answer depends on.
    """

    folder: str
    fingerprint: str
    moment: pd.Timestamp | None
    versions: Mapping[str, str]

    @classmethod
    def of(cls, store: Store, shared: str = "") -> Tables:
        """Describe ``store``, or the copy of it that is published at ``shared``.

        Raises:
            ForecastError: that copy can't be written.
        """
        moment = store.moment if isinstance(store, StoreThen) else None
        if shared:
            publish(store, shared)
        folder = shared or str(store.processed.resolve())
        return cls(folder, store.fingerprint(), moment, versions())

    @property
    def is_shared(self) -> bool:
        """Whether they are a copy elsewhere, of a workspace whose folder workers need not see."""
        return "://" in self.folder

    def store(self) -> Store:
        """Open them.

        Raises:
            WorkspaceError: this process doesn't see them, or another version of the package or of
                a library is installed where it runs.
        """
        here = versions()
        for name, wanted in self.versions.items():
            if here.get(name) != wanted:
                raise WorkspaceError(
                    f"A worker has {name} {here.get(name)}; the run has {wanted}.",
                    "Install the same versions on every machine of the cluster.",
                )
        if self.is_shared:
            found = fetched(self.folder, self.fingerprint)
            return found if self.moment is None else StoreThen(found.processed, self.moment)
        folder = Path(self.folder)
        store = Store(folder) if self.moment is None else StoreThen(folder, self.moment)
        if not folder.is_dir() or store.fingerprint() != self.fingerprint:
            raise WorkspaceError(
                f"A worker doesn't see the tables in {folder}.",
                "Put the workspace in a folder that every worker has under the same name.",
            )
        return store


@dataclass(frozen=True)
class BatchAnswer:
    """What a batch hands back.

    Attributes:
        domain: ``air`` or ``water``.
        answers: one a region.
        fitted: what all sections share, cut by region, where the batch was that.
        file_ids: of the files that its readings came from.
        n_places: cities, or regions with water, that are answered.
    """

    domain: Domain
    answers: tuple[DomainAnswer, ...] = ()
    fitted: tuple[WaterRegion, ...] = ()
    file_ids: frozenset[str] = frozenset()
    n_places: int = 0


@dataclass(frozen=True)
class Share:
    """Some regions to project and judge, described; a batch is one that can be worked off.

    Attributes:
        regions: as the readings name them.
        tables: where the readings are.
        config: of the workspace.
        panel: what is known beside the readings.
        settings: the question.
        homes: of ``home_names``.
        keep: normalised regions whose paths are handed back, for scenarios.
        forecasts: normalised region → its forecast weather.
        fits: folder of the fitted models.
        known_at: only what was known at the end of this day; None: all that is known.
    """

    regions: tuple[str, ...]
    tables: Tables
    config: Config
    panel: Panel = field(repr=False)
    settings: Settings
    homes: Mapping[str, str] = field(repr=False)
    keep: frozenset[str]
    forecasts: Mapping[str, WeatherAhead] = field(repr=False)
    fits: str
    known_at: date | None

    def kept(self) -> KeptFits:
        """Where fits are kept: in the workspace, or beside the copy of its tables."""
        return KeptFits(cache_folder() / "fits" if self.tables.is_shared else Path(self.fits))

    def read(self, *, cities: Collection[str] = (), waters: Collection[str] = ()) -> Panel:
        """Return the panel with the readings of these regions."""
        return with_readings(
            self.panel, self.tables.store(), self.config, self.known_at, self.settings.as_of,
            cities=cities, waters=waters,
        )  # fmt: skip


class AirBatch(Share):
    """The air of some cities."""

    def answer(self) -> BatchAnswer:
        """Project and judge them."""
        panel = self.read(cities=self.regions)
        answers = air_answers(
            panel, self.settings, self.homes, keep=self.keep, fits=self.kept(),
            forecasts=self.forecasts,
        )  # fmt: skip
        return BatchAnswer(
            "air",
            tuple(answers),
            file_ids=_files(panel.air),
            n_places=sum(1 for _ in panel.cities()),
        )


class WaterFits(Share):
    """What the sections of all regions have in common, also of those that are not asked for."""

    def answer(self) -> BatchAnswer:
        """Fit it, and cut it by region."""
        panel = self.read(waters=self.regions)
        fits = self.kept()
        fitted = water_regions(panel, self.settings, draw=True, fits=fits)
        return BatchAnswer("water", fitted=tuple(fitted), file_ids=_files(panel.water))


@dataclass(frozen=True)
class WaterBatch(Share):
    """The sections of some regions, after the fit; ``fitted`` is their part of it."""

    fitted: tuple[WaterRegion, ...] = field(default=(), repr=False)

    def answer(self) -> BatchAnswer:
        """Project and judge them."""
        answers = kept_water_answers(
            self.read(waters=self.regions), self.settings, self.homes, self.fitted, self.kept(),
            keep=self.keep,
        )  # fmt: skip
        return BatchAnswer("water", tuple(answers), n_places=len(self.fitted))


#: What a process works off.
Batch = AirBatch | WaterFits | WaterBatch


def _files(readings: pd.DataFrame) -> frozenset[str]:
    return frozenset(map(str, readings["file_id"].unique()))


def first_batches(
    whole: Share, cities: Collection[str], waters: Collection[str], workers: int
) -> list[Batch]:
    """Cut what can be begun at once: the fit of all sections, which takes longest, and all air.

    Args:
        whole: describes all that is asked, without readings.
        cities, waters: names of the regions with readings of air and of water.
        workers: processes that will work.
    """
    panel = whole.panel
    made: list[Batch] = []
    if any(panel.wants(r) for r in waters):
        made.append(WaterFits(**vars(replace(whole, regions=tuple(sorted(waters))))))
    by_key = _forms(name for name in sorted(cities) if panel.wants(name))
    for keys in _evenly(dict.fromkeys(by_key, 1), CITIES_PER_BATCH, workers):
        names = tuple(name for key in keys for name in by_key[key])
        made.append(AirBatch(**vars(_part(whole, keys, names))))
    return made


def water_batches(whole: Share, fitted: Iterable[WaterRegion], workers: int) -> list[Batch]:
    """Cut what is left of water after the fit; arguments as for :func:`first_batches`."""
    own: dict[str, WaterRegion] = {one.region: one for one in fitted}
    by_key = _forms(sorted(own))
    sizes = {k: sum(1 + len(own[name].facts) for name in names) for k, names in by_key.items()}
    made: list[Batch] = []
    for keys in _evenly(sizes, SECTIONS_PER_BATCH, workers):
        names = tuple(name for key in keys for name in by_key[key])
        part = _part(whole, keys, names)
        made.append(WaterBatch(**vars(part), fitted=tuple(own[name] for name in names)))
    return made


def _forms(names: Iterable[str]) -> dict[str, list[str]]:
    """Normalised region → its names; forms of one name are one region."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(normalise_region(name), []).append(name)
    return found


def _evenly(sizes: Mapping[str, int], most: int, workers: int) -> list[list[str]]:
    """Cut keys, in their order, into lists of about equal size, each up to ``most``."""
    most = max(1, min(most, -(-sum(sizes.values()) // max(1, workers * _BATCHES_EACH))))
    found: list[list[str]] = []
    left = 0
    for key, size in sizes.items():
        if not found or left < size:
            found.append([])
            left = most
        found[-1].append(key)
        left -= size
    return found


def _part(whole: Share, keys: Iterable[str], names: tuple[str, ...]) -> Share:
    """The description of some regions; what is known of others is not needed there."""
    chosen, panel = set(keys), whole.panel
    near = {normalise_region(m) for g in panel.groups for m in g.members}
    plans = panel.entered.plans
    known = {p.id for k in chosen for p in plans_of_region(plans, k, panel.aliases)}
    own = tuple(p for p in plans if not p.region or p.id in known or p.id == panel.plan)
    spans = panel.spans or {}
    context = replace(
        panel, entered=replace(panel.entered, plans=own), sections={}, section_sets={},
        declared={k: d for k, d in panel.declared.items() if k in chosen},
        circumstances={k: c for k, c in panel.circumstances.items() if k in chosen},
        spans={r: s for r, s in spans.items() if normalise_region(r) in chosen | near},
        around=WaterSurroundings(),
    )  # fmt: skip
    return replace(
        whole, regions=names, panel=context,
        homes={k: home for k, home in whole.homes.items() if k in chosen},
        keep=whole.keep & chosen,
        forecasts={k: f for k, f in whole.forecasts.items() if k in chosen},
    )  # fmt: skip


def answer_batch(batch: Batch) -> BatchAnswer:
    """Work a batch off, where it may be another process or another machine.

    Raises:
        WorkspaceError: this process doesn't see the tables, or has another version.
    """
    with _ONE:
        return batch.answer()
