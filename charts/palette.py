"""Colours by what they stand for, light and dark: the tokens of `web/static/style.css`, and ramps beside them.

Each light colour belongs to one role, since the dark one is found by it. No chart tells anything by colour alone.
"""

from __future__ import annotations

INK, QUIET, LINE, FAINT, PAGE = "#1a1a1a", "#4d4d4d", "#cccccc", "#f2f2f2", "#ffffff"
KEY, GOOD, BAD, GOAL = "#0017c1", "#115a36", "#a90000", "#c74700"
BAND, RESERVE = "#c5d7fb", "#e6e6e6"
BLUES = ("#dbe6fa", "#b7cdf6", "#8eaef0", "#6088e4", "#3460d2", "#0031a9")
OCHRES = ("#fde3cf", "#fbc39a", "#f59e62", "#d97a34", "#a9561a")
ENDED = "#d9d9d9"
DARK = {
    INK: "#f2f2f2",
    QUIET: "#cdcdcd",
    LINE: "#666666",
    FAINT: "#262626",
    PAGE: "#1a1a1a",
    KEY: "#9db7f9",
    GOOD: "#9bd4b5",
    BAD: "#ffbbbb",
    GOAL: "#ffa66d",
    BAND: "#2f4386",
    RESERVE: "#3d3d3d",
    ENDED: "#4a4a4a",
    **dict(zip(BLUES, ("#1f2c55", "#2b3f7c", "#3a55a5", "#5173cb", "#7595e6", "#a5bcf7"), strict=True)),
    **dict(zip(OCHRES, ("#4a2a12", "#70401b", "#9a5a26", "#c67c3d", "#eda66a"), strict=True)),
}


def ramp(colours: tuple[str, ...], place: int, of: int) -> str:
    """The colour of the `place`-th of so many, spread over the whole ramp."""
    return colours[round(place * (len(colours) - 1) / max(of - 1, 1))]


def dark_style() -> str:
    """A style sheet that follows the reader's colour scheme, within an image too."""
    rules = "".join(
        f'[style*="{kind}: {light}"],[{kind}="{light}"]{{{kind}:{dark}!important}}'
        for light, dark in DARK.items()
        for kind in ("fill", "stroke")
    )
    return f"@media (prefers-color-scheme:dark){{{rules}}}"
