"""The door: page settings, logo, and the name of every page."""

from pathlib import Path

import streamlit as st

from estitchup.ui.guard import guard

ASSETS = Path(__file__).parent / "assets"

st.set_page_config(page_title="estitchup", page_icon=str(ASSETS / "mark.svg"), layout="wide")
st.logo(str(ASSETS / "logo.svg"), icon_image=str(ASSETS / "mark.svg"), size="large")

page = st.navigation(
    {
        "Prepare": [
            st.Page(
                "pages/prepare/data.py",
                title="Data",
                icon=":material/table_view:",
                default=True,
                help="Bring labelled texts, say what the columns are and what counts as unknown, and embed the texts.",
            ),
        ],
        "Experiment": [
            st.Page(
                "pages/experiment/train.py",
                title="Train",
                icon=":material/model_training:",
                help="Choose augmentations and watch them train side by side.",
            ),
            st.Page(
                "pages/experiment/compare.py",
                title="Compare",
                icon=":material/compare_arrows:",
                help="See accuracy, calibration and training time of every augmentation side by side.",
            ),
        ],
        "Decide": [
            st.Page(
                "pages/decide/threshold.py",
                title="Threshold",
                icon=":material/tune:",
                help="Draw the line between what is answered and what is called unknown, and see what it does.",
            ),
        ],
    }
)

with guard():
    page.run()
