"""What the scenario engine is asked for: the factors of one package, whole or with a part held still.

A package's factors depend on its scale, on the draws of uncertain parameters, and on the regime of
ozone. The same draws serve every question (common random numbers): draw i goes with path i whatever
is asked, so differences are differences of the cut alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from forecast.scenario.apply import Factors
from forecast.scenario.ozone import REGIMES

__all__ = ["COMPONENTS", "REGIMES", "FactorArrays", "FactorSource", "in_turn"]

#: What a package's draws are made of: how the air answers; what is emitted and complied with; what
#: the form of the model leaves unexplained.
COMPONENTS: tuple[str, ...] = ("sensitivity", "inventory", "discrepancy")

T = TypeVar("T")


class FactorSource(Protocol):
    """The factors of one package of measures, the same bits for the same question."""

    def __call__(
        self,
        *,
        scale: float = 1.0,
        frozen: frozenset[str] = frozenset(),
        regime: str | None = None,
    ) -> Factors:
        """Return the factors.

        Args:
            scale: the cuts times this number; 0 is no cut (then every factor is exactly 1).
            frozen: those of ``COMPONENTS`` that are held at their centre in every draw.
            regime: one of ``REGIMES`` of ozone for every draw; None draws it.
        """
        ...


@dataclass(frozen=True)
class FactorArrays:
    """Factors as two arrays; see :class:`forecast.scenario.apply.Factors`."""

    values: NDArray[np.float32]
    background: NDArray[np.float32]


def in_turn(tasks: Iterable[Callable[[], T]], jobs: int = 1) -> list[T]:
    """Run ``tasks`` on ``jobs`` threads; the answers in the order of the tasks, the same for any.

    Arrays release the interpreter while they are worked on, so threads are enough and nothing is
    copied to other processes.
    """
    todo = list(tasks)
    if jobs <= 1:
        return [task() for task in todo]
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        return list(pool.map(lambda task: task(), todo))
