"""Charts: arrays in, a Plotly figure out. Pure functions without Streamlit, so that pages and reports draw the same.

Lines and grids are mid grey and backgrounds transparent, so that a figure works on light and on dark.
"""

from estitchup.charts.curves import epochs_to_baseline, learning_curves
from estitchup.charts.histogram import HISTOGRAM_BINS, confidence_histogram, shares_by_confidence, with_threshold
from estitchup.charts.reliability import reliability_diagram

__all__ = [
    "HISTOGRAM_BINS",
    "confidence_histogram",
    "epochs_to_baseline",
    "learning_curves",
    "reliability_diagram",
    "shares_by_confidence",
    "with_threshold",
]
