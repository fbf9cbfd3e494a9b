"""Choose an encoder: one of the registry, or any other by name or folder, and the prompt before each text."""

import streamlit as st

from estitchup.encoding import DEFAULT_ENCODER, REGISTRY, EncoderName, KnownEncoder, find_at_hand, known_encoder
from estitchup.ui.guard import plain

_KEY = "data_encoder"
_NAMED = "encoder_is_named"  # the person wants to write a name
_OTHER = "Another one"


def ask_encoder() -> None:
    """Draw the controls; what they say is a name with or without a prompt under the key `data_encoder`."""
    said = EncoderName.parse(st.session_state.get(_KEY, "").strip() or DEFAULT_ENCODER)
    known = None if st.session_state.get(_NAMED) else known_encoder(said.model)
    # Set from the name and not the other way round, so that whoever sets the name sets the controls.
    st.session_state["encoder_choice"] = known.name if known else _OTHER
    st.selectbox(
        "Encoder",
        [entry.name for entry in REGISTRY] + [_OTHER],
        format_func=_described,
        key="encoder_choice",
        on_change=_choose,
        help="Turns texts into vectors. What is not on this computer is downloaded once from the Hugging Face hub.",
    )
    if known is None:
        _ask_name(said)
    else:
        st.caption(_facts(known))
    _ask_prompt(said, known)


@st.cache_data(ttl=30, show_spinner=False)  # a page asks for every encoder at each rerun
def is_at_hand(name: str) -> bool:
    """Return whether the encoder is on this computer."""
    return find_at_hand(name) is not None


def _described(name: str) -> str:
    known = known_encoder(name)
    if known is None:
        return name
    return f"{name} · {known.megabytes:,} MB · {'at hand' if is_at_hand(name) else 'needs download'}"


def _facts(known: KnownEncoder) -> str:
    return (
        f"{known.dimension:,} dimensions · {known.millions:g} million parameters · cuts texts after "
        f"{known.max_tokens:,} tokens · {known.languages} · {known.licence}"
    )


def _ask_name(said: EncoderName) -> None:
    st.session_state["encoder_other"] = said.model
    st.text_input(
        "Name on the Hugging Face hub, or folder",
        key="encoder_other",
        on_change=_keep,
        args=("encoder_other",),
        help="A sentence-transformers model with safetensors weights. One that brings Python code of its own is not "
        "loaded: no code of others is ever run.",
    )


def _ask_prompt(said: EncoderName, known: KnownEncoder | None) -> None:
    own = known.prompt if known else ""
    st.session_state["encoder_prompt"] = own if said.prompt is None else said.prompt
    st.text_input(
        "Prompt before each text",
        key="encoder_prompt",
        on_change=_keep,
        args=("encoder_prompt",),
        placeholder="None" if known else "The model's own",
        help="Some encoders were trained with one. Another prompt gives other vectors, which are kept apart.",
    )
    if own:
        st.caption(f"{plain(known.name if known else '')} was trained with the prompt “{plain(own.strip())}”.")


def _choose() -> None:
    chosen = st.session_state["encoder_choice"]
    st.session_state[_NAMED] = chosen == _OTHER
    if chosen != _OTHER:
        st.session_state[_KEY] = "" if chosen == DEFAULT_ENCODER else chosen


def _keep(changed: str) -> None:
    """Put model and prompt into one name, without a prompt that the model has by itself."""
    said = EncoderName.parse(st.session_state[_KEY].strip() or DEFAULT_ENCODER)
    if changed == "encoder_other":
        said = EncoderName.parse(st.session_state["encoder_other"].strip() or DEFAULT_ENCODER)
    else:
        known = known_encoder(said.model)
        prompt = st.session_state["encoder_prompt"]
        said = EncoderName(said.model, None if prompt == (known.prompt if known else "") else prompt)
    st.session_state[_KEY] = "" if str(said) == DEFAULT_ENCODER else str(said)
