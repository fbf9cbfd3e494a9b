"""The encoders there are, how fast they are here, and the store of vectors."""

import pandas as pd
import streamlit as st

from estitchup.encoding import REGISTRY, Speed, Speeds
from estitchup.errors import EstitchupError
from estitchup.ui.encoder_choice import is_at_hand
from estitchup.ui.guard import plain, show_error
from estitchup.ui.state import workspace
from estitchup.ui.store_panel import show_store

NAME_WIDTH, RATE_WIDTH = 250, 120  # pixels: the longest name, and "not measured"


def table(speeds: dict[str, Speed]) -> pd.DataFrame:
    """Return the registry as a table, a row for each encoder."""
    return pd.DataFrame(
        {
            "Encoder": [entry.name for entry in REGISTRY],
            "On this computer": ["yes" if is_at_hand(entry.name) else "needs download" for entry in REGISTRY],
            "Texts/s here": [
                round(speeds[entry.name].texts_per_second) if entry.name in speeds else None for entry in REGISTRY
            ],
            "Download, MB": [entry.megabytes for entry in REGISTRY],
            "Licence": [entry.licence for entry in REGISTRY],
            "Parameters, millions": [entry.millions for entry in REGISTRY],
            "Dimensions": [entry.dimension for entry in REGISTRY],
            "Tokens at most": [entry.max_tokens for entry in REGISTRY],
            "Languages": [entry.languages for entry in REGISTRY],
            "Prompt": [entry.prompt.replace("\n", " ").strip() for entry in REGISTRY],
        }
    )


def show_table(speeds: dict[str, Speed]) -> None:
    """Show the registry, and what was measured."""
    st.dataframe(
        table(speeds),
        hide_index=True,
        width="stretch",
        height="content",
        placeholder="not measured",
        column_config={
            "Encoder": st.column_config.TextColumn(pinned=True, width=NAME_WIDTH),
            "Texts/s here": st.column_config.NumberColumn(
                format="localized", step=1, width=RATE_WIDTH, help="Texts of 3 to 24 words."
            ),
            **{
                name: st.column_config.NumberColumn(format="localized")
                for name in ("Download, MB", "Dimensions", "Tokens at most")
            },
        },
    )
    st.caption(
        "Sizes, licences and prompts are as the publishers state them. Choose the encoder on the Data page under "
        "Advanced. Any other sentence-transformers model works there by its "
        "name or folder, as long as it has safetensors weights and brings no Python code: code of others is never run."
    )


def ask_measure(speeds: Speeds) -> None:
    """Let the person measure an encoder that is at hand."""
    at_hand = [entry.name for entry in REGISTRY if is_at_hand(entry.name)]
    if not at_hand:
        st.info("No encoder is on this computer yet: embed texts with one to download it.", icon=":material/download:")
        return
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    name = left.selectbox("Measure the speed of", at_hand, key="measured_encoder")
    if right.button("Measure", key="measure", icon=":material/speed:", help="It takes some seconds."):
        try:
            with st.spinner(f"Embedding with {plain(name)} …"):
                speeds.measure(name)
        except EstitchupError as error:
            show_error(str(error))
        else:
            st.rerun()
    known = speeds.all().get(name)
    if known:
        day = known.measured.partition("T")[0]
        st.markdown(
            f"**{known.texts_per_second:,.0f} texts/s** on {plain(known.device)} of {plain(known.machine)}, {day}"
        )


st.title("Encoders", anchor=False)
st.markdown("An encoder turns each text into a vector. Larger ones often tell classes apart better, and take longer.")
measured = Speeds(workspace().root)
show_table(measured.all())
speed, store = st.columns(2, gap="medium")
with speed, st.container(border=True, height="stretch"):
    st.subheader("Speed on this machine", anchor=False)
    ask_measure(measured)
with store, st.container(border=True, height="stretch"):
    st.subheader("The store of vectors", anchor=False)
    show_store()
