"""What an inverse answer says, in Chinese and English: conditional estimates, never a promise."""

from __future__ import annotations

import math

from forecast.projection.scenario_inverse import Solution
from forecast.projection.scenario_outcome import decided_sentence

__all__ = ["REGIME_NAMES", "solution_sentences"]

#: What a report calls the regimes of ozone.
REGIME_NAMES: dict[str, tuple[str, str]] = {
    "saturated": ("NOx饱和（VOC控制）", "NOx-saturated (VOC-limited)"),
    "transitional": ("过渡", "transitional"),
    "limited": ("NOx控制", "NOx-limited"),
}


#: Scales closer than this are the same.
_ROUNDING = 1e-9


def solution_sentences(
    found: Solution, package_zh: str, package_en: str, *, trusted: float = math.inf
) -> list[tuple[str, str]]:
    """Say the answer, what is already decided first (zh, en).

    Args:
        found: the answer.
        package_zh, package_en: what the package is called.
        trusted: scale at which the package leaves the trusted domain of the responses; beyond it an
            answer is extrapolated.
    """
    beyond = found.largest > trusted + _ROUNDING
    target, asked = found.target, found.asked
    out: list[tuple[str, str]] = []
    if found.decided:
        out.append(decided_sentence(target, found.decided))
    ask = f"{100 * asked:g} %"
    if found.scale is None:
        p, at = found.most
        where = (
            (f"在 {found.largest:g} 倍以内（{trusted:.2f} 倍以上为外推）",
             f"up to {found.largest:g} times {package_en} (extrapolated from {trusted:.2f} times on)")
            if beyond
            else (f"在有效范围内（至 {found.largest:g} 倍）",
                  f"inside the valid domain of {package_en} (to {found.largest:g} times)")
        )  # fmt: skip
        out.append(
            (
                f"{target.label_zh}：{package_zh}{where[0]}达不到 {ask} 的概率，最高约 {_share(p)}"
                f"（{at:.2f} 倍处，±{_points(found.error, 'zh')}）。",
                f"{target.label_en}: not reachable {where[1]}: P is at most {_share(p)} (at {at:.2f} times, "
                f"± {_points(found.error, 'en')}), {ask} was asked.",
            )
        )
    elif found.scale == 0.0:
        out.append(
            (
                f"{target.label_zh}：不加{package_zh}，条件估计的概率已不低于 {ask}。",
                f"{target.label_en}: the conditional estimate of P is {ask} or more without "
                f"{package_en}.",
            )
        )
    else:
        low, high = found.interval or (math.nan, math.nan)
        far = found.scale > trusted + _ROUNDING
        zh = f"；外推：可信范围只到 {trusted:.2f} 倍" if far else ""
        en = f"; extrapolated: the trusted domain ends at {trusted:.2f} times" if far else ""
        out.append(
            (
                f"{target.label_zh}：条件估计，{package_zh}的 {found.scale:.2f} 倍对应 {ask} 的达标概率"
                f"（抽样区间 {_scale(low, 'zh')} 至 {_scale(high, 'zh')}，该处 P = "
                f"{_share(found.reached or 0.0)} ± {_points(found.error, 'zh')}{zh}）。",
                f"{target.label_en}: as a conditional estimate, {found.scale:.2f} times {package_en} "
                f"goes with P = {ask} (Monte-Carlo interval {_scale(low, 'en')} to "
                f"{_scale(high, 'en')}; P there is {_share(found.reached or 0.0)} ± "
                f"{_points(found.error, 'en')}{en}).",
            )
        )
    if found.falls is not None and found.least_after is not None:
        at, drop = found.falls
        low, end = found.least_after, float(found.scales[-1])
        zh, en = "", ""
        if end > low + _ROUNDING:
            zh = f"，到 {end:.2f} 倍时为 {_share(found.at(end))}"
            en = f", and is {_share(found.at(end))} at {end:.2f} times"
        out.append(
            (
                f"概率不随减排单调上升：从 {at:.2f} 倍（{_share(found.at(at))}）到 {low:.2f} 倍"
                f"（{_share(found.at(low))}）下降 {_points(drop, 'zh')}{zh}；单独减氮氧化物时常见。",
                f"P does not rise with every further cut: from {at:.2f} times ({_share(found.at(at))}) to "
                f"{low:.2f} times ({_share(found.at(low))}) it falls by {_points(drop, 'en')}{en}; cuts of "
                "nitrogen oxides alone often do so.",
            )
        )
    if found.regimes and len({_answer(v, "en") for v in found.regimes.values()}) > 1:
        zh, en = (
            sep.join(
                f"{REGIME_NAMES.get(r, (r, r))[k]} {_answer(v, lang)}"
                for r, v in found.regimes.items()
            )
            for k, lang, sep in ((0, "zh", "；"), (1, "en", "; "))
        )
        out.append((f"按臭氧控制区：{zh}。", f"By ozone regime: {en}."))
    return out


def _answer(found: tuple[float | None, float], lang: str) -> str:
    scale, most = found
    if scale is not None:
        return f"{scale:.2f} 倍" if lang == "zh" else f"{scale:.2f} times"
    return (
        f"达不到（最高 {_share(most)}）"
        if lang == "zh"
        else f"not reached (at most {_share(most)})"
    )


def _scale(value: float, lang: str) -> str:
    if math.isinf(value):
        return "超出范围" if lang == "zh" else "beyond the domain"
    return f"{value:.2f}"


def _share(p: float) -> str:
    """A probability in per cent; what is not certain never reads 0 or 100 %."""
    if p < 0.01:
        return "<1 %"
    return ">99 %" if p > 0.99 else f"{100 * p:.0f} %"


def _points(p: float, lang: str) -> str:
    """A difference or an error of probabilities: percentage points."""
    return f"{100 * p:.1f} 个百分点" if lang == "zh" else f"{100 * p:.1f} points"
