"""The door: page settings, logo, and the name of every page."""

from pathlib import Path

import streamlit as st

from estitchup.ui.guard import guard
from estitchup.ui.memory import set_imports_aside
from estitchup.ui.presentation import present

ASSETS = Path(__file__).parent / "assets"

set_imports_aside()
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
            st.Page(
                "pages/prepare/profile.py",
                title="Profile",
                icon=":material/troubleshoot:",
                help="See what your texts hold and what would bend the figures, and fix it.",
            ),
            st.Page(
                "pages/prepare/encoders.py",
                title="Encoders",
                icon=":material/memory:",
                help="See the encoders there are and how fast they are here, and look after the store of vectors.",
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
            st.Page(
                "pages/experiment/past.py",
                title="Experiments",
                icon=":material/history:",
                help="Open, rename, compare or remove past experiments.",
            ),
        ],
        "Decide": [
            st.Page(
                "pages/decide/threshold.py",
                title="Threshold",
                icon=":material/tune:",
                help="Draw the line between what is answered and what is called unknown, and see what it does.",
            ),
            st.Page(
                "pages/decide/label.py",
                title="Label",
                icon=":material/label:",
                help="Label first the texts that help most, retrain, and see what that changed.",
            ),
            st.Page(
                "pages/decide/try_it.py",
                title="Try it",
                icon=":material/chat:",
                help="Type a text and see what each classifier says, how sure it is, and whether it refuses.",
            ),
            st.Page(
                "pages/decide/report.py",
                title="Report",
                icon=":material/summarize:",
                help="Take it away: a page that opens offline, slides, figures and tables.",
            ),
        ],
    }
)

with guard():
    present()
    page.run()
