"""Values below a limit of detection, in the likelihood of a Gaussian process.

What a value below L says is Φ((L − f)/σ), f being all but what lasts a month alone and σ the
standard deviation of that. Expectation propagation replaces it by a Gaussian site: of what the
other months say of the month, the mean and variance given that its value is below L (moments of a
truncated normal) must come out (Minka 2001; Rasmussen and Williams 2006, section 3.6, with L in
the place of 0). With one reading it is exact, as the Tobit likelihood is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["below_moments", "sites_below"]

#: A site changes by this part of the step at once, so that neighbours do not swing.
_STEP = 0.7
#: A site may not say less than this (variance in units of that of a month).
_MOST = 1e6


def below_moments(
    mean: NDArray[np.float64], variance: NDArray[np.float64], limit: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of a normal value given that it is below ``limit`` (same shapes).

    >>> mean, variance = below_moments(np.array([0.0]), np.array([1.0]), np.array([0.0]))
    >>> mean.round(4).tolist(), variance.round(4).tolist()
    ([-0.7979], [0.3634])
    """
    from scipy.special import log_ndtr

    sd = np.sqrt(variance)
    a = (limit - mean) / sd
    ratio = np.exp(-0.5 * a**2 - 0.5 * np.log(2.0 * np.pi) - log_ndtr(a))
    kept = np.clip(1.0 - ratio * (ratio + a), 1e-6, 1.0)
    return mean - sd * ratio, variance * kept


def sites_below(
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    limit: NDArray[np.float64],
    white: NDArray[np.float64],
    site: NDArray[np.float64],
    noise: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gaussian sites of values below ``limit``, one step on.

    Args:
        mean, variance: what the other months say of the latent value (the cavity).
        limit: of detection, on the scale of the model.
        white: variance of what lasts a month alone.
        site, noise: value and variance of the present sites.

    Returns:
        Value and variance of the next sites.
    """
    seen_mean, seen_variance = below_moments(mean, variance + white, limit)
    # From the reading to the latent value: regression with the share of its variance.
    share = variance / (variance + white)
    latent_mean = mean + share * (seen_mean - mean)
    latent_variance = variance + share**2 * (seen_variance - variance - white)
    precision = np.maximum(1.0 / latent_variance - 1.0 / variance, 1.0 / (_MOST * white))
    pull = latent_mean / latent_variance - mean / variance
    # Steps are taken in natural parameters, where sites add up.
    precision = _STEP * precision + (1.0 - _STEP) / noise
    pull = _STEP * pull + (1.0 - _STEP) * site / noise
    return pull / precision, 1.0 / precision
