"""What a section lies in: flow, velocity, temperature, inflows and sources of pollution."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from forecast.errors import InputError

__all__ = [
    "RESPONSE_ITEMS",
    "SOURCE_KINDS",
    "UPSTREAM",
    "WaterInflow",
    "WaterSection",
    "WaterSource",
    "Yearly",
]

#: Items whose response is modelled.
RESPONSE_ITEMS: tuple[str, ...] = ("codmn", "cod", "nh3n", "tp", "tn")
#: Kinds of sources; ``point`` keeps its load in every month, the others are diffuse.
SOURCE_KINDS: tuple[str, ...] = ("point", "urban", "rural", "farmland", "livestock")
#: What a cut is called that lowers the concentration of an inflow.
UPSTREAM = "upstream"

#: One value for the year, or one for each month from January to December.
Yearly = float | tuple[float, ...]

_TYPES = ("river", "lake")


def _refuse(text: str, cure: str) -> None:
    raise InputError(text, cure)


def _yearly(
    value: Yearly | None, name: str, where: str, *, low: float, above: bool = False
) -> None:
    """Refuse another number than 1 or 12 values, or one that is not finite or too low."""
    if value is None:
        return
    values = value if isinstance(value, tuple) else (value,)
    if isinstance(value, tuple) and len(value) != 12:
        _refuse(
            f"{where}: {name} has {len(value)} values.",
            "Give one value, or twelve from January to December.",
        )
    for v in values:
        if not math.isfinite(v) or v < low or (above and v == low):
            least = f"above {low:g}" if above else f"{low:g} or more"
            _refuse(f"{where}: {name} is {v:g}.", f"It must be {least}.")


def _share(value: float | None, name: str, where: str) -> None:
    if value is not None and not 0.0 <= value <= 1.0:
        _refuse(f"{where}: {name} is {value:g}.", "It is a share from 0 to 1; write 0.3 for 30 %.")


def _known_items(items: Iterable[str], name: str, where: str) -> None:
    for item in items:
        if item not in RESPONSE_ITEMS:
            _refuse(
                f"{where}: {name} names the item {item!r}, which has no water response.",
                f"Known items: {', '.join(RESPONSE_ITEMS)}.",
            )


@dataclass(frozen=True)
class WaterSource:
    """One source of pollution above a section.

    Attributes:
        kind: one of :data:`SOURCE_KINDS`.
        loads: item → load [t/yr] as the inventory has it.
        distance: way to the section along the river [km].
        delivery: share of what enters the river that reaches it above the section (0 to 1); the
            decay on the way is counted beside it.
        in_river: share of the load that enters the river; None takes the default of the kind, 1
            where the inventory already counts what enters.
    """

    name: str
    kind: str
    loads: Mapping[str, float]
    distance: float = 0.0
    delivery: float = 1.0
    in_river: float | None = None

    def __post_init__(self) -> None:
        where = f"Water source {self.name!r}"
        if self.kind not in SOURCE_KINDS:
            _refuse(
                f"{where} is of the kind {self.kind!r}.", f"Known kinds: {', '.join(SOURCE_KINDS)}."
            )
        _known_items(self.loads, "load", where)
        if not self.loads:
            _refuse(f"{where} has no load.", "Give it one, such as load = { cod = 120.0 }.")
        for item, load in self.loads.items():
            _yearly(load, f"load of {item}", where, low=0.0)
        _yearly(self.distance, "distance", where, low=0.0)
        _share(self.delivery, "delivery", where)
        _share(self.in_river, "in_river", where)


@dataclass(frozen=True)
class WaterInflow:
    """Water that comes to the section with a concentration of its own: upstream, a tributary.

    Attributes:
        flow: [m³/s], one value or twelve; or None where ``flow_share`` is given.
        flow_share: its share of the flow at the section (0 to 1).
        concentration: item → mg/L where the distance begins, one value or twelve.
        distance: way to the section [km].
    """

    name: str
    concentration: Mapping[str, Yearly]
    flow: Yearly | None = None
    flow_share: float | None = None
    distance: float = 0.0

    def __post_init__(self) -> None:
        where = f"Water inflow {self.name!r}"
        if (self.flow is None) == (self.flow_share is None):
            _refuse(
                f"{where} needs either its flow or its share of the section's flow.",
                "Give flow_m3s or flow_share, one of the two.",
            )
        _yearly(self.flow, "flow", where, low=0.0)
        _share(self.flow_share, "flow_share", where)
        _yearly(self.distance, "distance", where, low=0.0)
        _known_items(self.concentration, "concentration", where)
        for item, value in self.concentration.items():
            _yearly(value, f"concentration of {item}", where, low=0.0)


@dataclass(frozen=True)
class WaterSection:
    """One section and what stands above it.

    Attributes:
        flow: typical flow of the months [m³/s]: twelve values, or one mean of the year (the share
            of each month is then not known), or None.
        velocity: [m/s], one value at the mean flow or twelve; None takes a wide default.
        temperature: of the water [°C], one value or twelve; None takes a wide default.
        water_type: ``river`` or ``lake``.
        residence: time the water stays in a lake [yr], None where not known.
        gated: whether weirs or gates hold the water back.
        observed: item → observed concentration [mg/L], the mean of the year or twelve means.
        background: item → concentration that no cut removes [mg/L]; else the default.
        decay: item → decay constant at 20 °C [1/d]; else the default.
    """

    name: str
    sources: tuple[WaterSource, ...] = ()
    inflows: tuple[WaterInflow, ...] = ()
    flow: Yearly | None = None
    velocity: Yearly | None = None
    temperature: Yearly | None = None
    water_type: str = "river"
    residence: float | None = None
    gated: bool = False
    observed: Mapping[str, Yearly] = field(default_factory=dict)
    background: Mapping[str, float] = field(default_factory=dict)
    decay: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"Section {self.name!r}"
        if self.water_type not in _TYPES:
            _refuse(f"{where}: water_type is {self.water_type!r}.", "It is river or lake.")
        if self.residence is not None and self.water_type != "lake":
            _refuse(
                f"{where}: a residence time is given for a river.",
                'Leave it out, or write water_type = "lake".',
            )
        _yearly(self.flow, "flow", where, low=0.0, above=True)
        _yearly(self.velocity, "velocity", where, low=0.0, above=True)
        _yearly(self.temperature, "temperature", where, low=-2.0)
        _yearly(self.residence, "residence time", where, low=0.0, above=True)
        for name, values in (("background", self.background), ("decay", self.decay)):
            _known_items(values, name, where)
            for item, value in values.items():
                _yearly(value, f"{name} of {item}", where, low=0.0)
        _known_items(self.observed, "observed", where)
        for item, observed in self.observed.items():
            _yearly(observed, f"observed {item}", where, low=0.0, above=True)
        self._refuse_same_names()
        for inflow in self.inflows:
            if inflow.flow is not None and self.flow is None:
                _refuse(
                    f"{where}: the inflow {inflow.name!r} gives m³/s, but the section has no flow.",
                    "Give the section's flow_m3s, or the inflow's flow_share.",
                )
        shares = sum(i.flow_share or 0.0 for i in self.inflows)
        if shares > 1.0 + 1e-9:
            _refuse(
                f"{where}: the flow shares of its inflows add up to {shares:.2f}.",
                "Together they are at most 1.",
            )

    def _refuse_same_names(self) -> None:
        names = [s.name for s in self.sources] + [i.name for i in self.inflows]
        twice = next((n for n in names if names.count(n) > 1), None)
        if twice is not None:
            _refuse(
                f"Section {self.name!r}: two of its sources or inflows are called {twice!r}.",
                "Give each its own name.",
            )

    def load_item(self, item: str) -> str:
        """The item whose loads stand for ``item``: itself, or COD for CODMn where only COD is known."""
        if item == "codmn" and not any("codmn" in s.loads for s in self.sources):
            return "cod"
        return item

    def items(self) -> tuple[str, ...]:
        """Items for which a source has a load, in the order of :data:`RESPONSE_ITEMS`."""
        return tuple(
            i for i in RESPONSE_ITEMS if any(self.load_item(i) in s.loads for s in self.sources)
        )
