"""TLI, the comprehensive trophic level index of lakes and reservoirs.

总站生字〔2001〕090号: TLI_j = 10 (a + b ln x), weights r²/Σr² with r the correlation to chlorophyll a
(verified in a guideline and in code). Class limits 30, 50, 60, 70: from memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "TLI_PARTS",
    "TROPHIC_CLASSES",
    "TrophicClass",
    "tli",
    "tli_part",
    "tli_weights",
    "trophic_class",
]

#: a, b and r of each part. chla in mg/m³ (the platform's mg/L x 1000), secchi in m, others in mg/L.
TLI_PARTS: dict[str, tuple[float, float, float]] = {
    "chla": (2.5, 1.086, 1.0),
    "tp": (9.436, 1.624, 0.84),
    "tn": (5.453, 1.694, 0.82),
    "secchi": (5.118, -1.94, -0.83),
    "codmn": (0.109, 2.661, 0.83),
}


@dataclass(frozen=True)
class TrophicClass:
    """A trophic class: highest TLI (inclusive, save the first, which ends below 30) and names."""

    highest: float
    zh: str
    en: str


TROPHIC_CLASSES: tuple[TrophicClass, ...] = (
    TrophicClass(30.0, "贫营养", "oligotrophic"),
    TrophicClass(50.0, "中营养", "mesotrophic"),
    TrophicClass(60.0, "轻度富营养", "lightly eutrophic"),
    TrophicClass(70.0, "中度富营养", "moderately eutrophic"),
    TrophicClass(float("inf"), "重度富营养", "heavily eutrophic"),
)


def tli_part(values: ArrayLike, item: str) -> NDArray[np.float64]:
    """TLI of one part, NaN where the value is missing or not above 0.

    >>> round(float(tli_part(10.0, "chla")), 2)
    50.01
    """
    a, b, _ = TLI_PARTS[item]
    array = np.asarray(values, dtype=np.float64)
    logarithm = np.full(array.shape, np.nan)
    np.log(array, out=logarithm, where=array > 0)
    return np.asarray(10.0 * (a + b * logarithm))


def tli_weights() -> dict[str, float]:
    """Weight of each part: 0.2663, 0.1879, 0.1790, 0.1834, 0.1834."""
    total = sum(r * r for _, _, r in TLI_PARTS.values())
    return {item: r * r / total for item, (_, _, r) in TLI_PARTS.items()}


def tli(values: ArrayLike, items: tuple[str, ...]) -> NDArray[np.float64]:
    """TLI of (..., item) means, unrounded; NaN where one of the five parts is missing."""
    array = np.asarray(values, dtype=np.float64)
    if not set(TLI_PARTS) <= set(items):
        return np.full(array.shape[:-1], np.nan)
    total = np.zeros(array.shape[:-1])
    for item, weight in tli_weights().items():
        total += weight * tli_part(array[..., items.index(item)], item)
    return total


def trophic_class(index: float) -> TrophicClass:
    """Class of a TLI: < 30, 30 to 50, > 50 to 60, > 60 to 70, > 70.

    >>> trophic_class(50.0).zh, trophic_class(59.9).zh
    ('中营养', '轻度富营养')
    """
    if index < TROPHIC_CLASSES[0].highest:
        return TROPHIC_CLASSES[0]
    return next(one for one in TROPHIC_CLASSES[1:] if index <= one.highest)
