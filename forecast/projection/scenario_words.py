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


def solution_sentences(found: Solution, package_zh: str, package_en: str) -> list[tuple[str, str]]:
    """Say the answer, what is already decided first (zh, en).

    Args:
        found: the answer.
        package_zh, package_en: what the package is called.
    """
    target, asked = found.target, found.asked
    out: list[tuple[str, str]] = []
    if found.decided:
        out.append(decided_sentence(target, found.decided))
    ask = f"{100 * asked:g} %"
    if found.scale is None:
        p, at = found.most
        out.append(
            (
                f"{target.label_zh}：{package_zh}在有效范围内（至 {found.largest:g} 倍）达不到"
                f"{ask} 的概率，最高约 {_share(p)}（{at:.2f} 倍处，±{_points(found.error)}）。",
                f"{target.label_en}: not reachable inside the valid domain of {package_en} (to "
                f"{found.largest:g} times): P is at most {_share(p)} (at {at:.2f} times, "
                f"± {_points(found.error)}), {ask} was asked.",
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
        out.append(
            (
                f"{target.label_zh}：条件估计，{package_zh}的 {found.scale:.2f} 倍对应 {ask} 的达标概率"
                f"（抽样区间 {_scale(low, 'zh')} 至 {_scale(high, 'zh')}，该处 P = "
                f"{_share(found.reached or 0.0)} ± {_points(found.error)}）。",
                f"{target.label_en}: as a conditional estimate, {found.scale:.2f} times {package_en} "
                f"goes with P = {ask} (Monte-Carlo interval {_scale(low, 'en')} to "
                f"{_scale(high, 'en')}; P there is {_share(found.reached or 0.0)} ± "
                f"{_points(found.error)}).",
            )
        )
    if found.falls is not None:
        at, drop = found.falls
        out.append(
            (
                f"概率不随减排单调上升：自 {at:.2f} 倍起继续加码反而下降 {_points(drop)}；"
                "单独减氮氧化物时常见。",
                f"P does not rise with every further cut: from {at:.2f} times on it falls by "
                f"{_points(drop)}; cuts of nitrogen oxides alone often do so.",
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


def _points(p: float) -> str:
    return f"{100 * p:.1f} %"
