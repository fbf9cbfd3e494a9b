"""One colour for each augmentation, the same in every chart (Okabe–Ito, safe for colour-blind eyes).

Hue tells the mix; the lighter, dashed twin has soft labels. Never colour alone: names and dashes say the same.
"""

COLOURS = {
    "No augmentation": "#6B7280",
    "Label softening": "#A8AEB8",
    "E-Mixup": "#0072B2",
    "Soft E-Mixup": "#56B4E9",
    "E-Stitchup": "#D55E00",
    "Soft E-Stitchup": "#E69F00",
}
SOFT = ("Label softening", "Soft E-Mixup", "Soft E-Stitchup")
KNOWN_COLOUR = "#009E73"
UNKNOWN_COLOUR = "#CC79A7"


def dash(name: str) -> str:
    """Return Plotly's line style of an augmentation."""
    return "dash" if name in SOFT else "solid"
