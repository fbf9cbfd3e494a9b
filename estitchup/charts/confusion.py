"""Which class is taken for which: a matrix of shares, one colour from faint to full, every cell with its number."""

import pandas as pd
import plotly.graph_objects as go

from estitchup.charts.frame import framed

FULL = "#0072B2"


def confusion_matrix(title: str, shares: pd.DataFrame) -> go.Figure:
    """Draw shares (K, K) in percent of each true class (row) over the answers (column)."""
    names = [str(name) for name in shares.index]
    numbers = [[f"{share:.0f}" if share >= 0.5 else "" for share in row] for row in shares.to_numpy()]
    cells = go.Heatmap(
        z=shares.to_numpy(),
        x=names,
        y=names,
        zmin=0,
        zmax=100,
        colorscale=[(0, "rgba(0, 114, 178, 0)"), (1, FULL)],
        text=numbers,
        texttemplate="%{text}",
        xgap=1,
        ygap=1,
        showscale=False,
        hovertemplate="%{z:.1f}% of %{y}<br>are taken for %{x}<extra></extra>",
    )
    finding = "Share of each class's test texts that gets each answer (%)"
    figure = framed([cells], title, finding, "Answer", "Class", height=220 + 26 * len(names))
    axis = {"showgrid": False, "type": "category", "automargin": True}
    figure.update_layout(xaxis=axis | {"tickangle": -45}, yaxis=axis | {"autorange": "reversed"})
    return figure
