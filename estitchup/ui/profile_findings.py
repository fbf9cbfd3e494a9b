"""The findings of a profile, each with the buttons that fix it, and the fixes made so far, each with an undo."""

from typing import Literal

import pandas as pd
import streamlit as st

from estitchup.corpus.fixes import Fix
from estitchup.corpus.profile import Finding, Profile, Severity
from estitchup.ui import corpus_form, prepared
from estitchup.ui.guard import plain
from estitchup.workspace import EmbedSpec

_ICONS = {
    Severity.SERIOUS: ":material/error:",
    Severity.MATTERS: ":material/warning:",
    Severity.NOTE: ":material/info:",
}
_COLOURS = {Severity.SERIOUS: "red", Severity.MATTERS: "orange", Severity.NOTE: "gray"}
_WIDTHS: dict[str, Literal["small", "medium"]] = {
    "Text": "medium",
    "Compared with": "medium",
    "Label": "small",
    "Role": "small",
}
_WORDS = {Severity.SERIOUS: "bends the figures", Severity.MATTERS: "worth a look", Severity.NOTE: "good to know"}


def show_findings(spec: EmbedSpec, profile: Profile) -> None:
    """Show every finding with its advice, its examples and its buttons."""
    if not profile.findings:
        st.success("No repeated, empty, cut or contradictory texts, and no doubtful labels.", icon=":material/check:")
    for finding in profile.findings:
        with st.container(border=True):
            _show(spec, finding)


def _show(spec: EmbedSpec, finding: Finding) -> None:
    severity = finding.severity
    st.markdown(f":{_COLOURS[severity]}[{_ICONS[severity]} **{_WORDS[severity]}**] · {plain(finding.sentence)}")
    st.caption(plain(finding.advice))
    with st.container(horizontal=True):
        for place, remedy in enumerate(finding.all_remedies):
            st.button(
                remedy.action,
                key=f"fix_{finding.kind}" + f"_{place}" * (place > 0),
                icon=":material/build:",
                on_click=_change,
                args=(spec, (*spec.corpus.fixes, remedy.fix)),
            )
    if finding.examples:
        with st.expander("Examples"):
            _show_examples(finding)


def _show_examples(finding: Finding) -> None:
    columns = {"text": "Text", "beside": "Compared with", "label": "Label", "role": "Role"}
    table = pd.DataFrame([vars(example) for example in finding.examples], columns=list(columns))
    table = table.loc[:, (table != "").any()].rename(columns=columns)
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        column_config={name: st.column_config.TextColumn(width=width) for name, width in _WIDTHS.items()},
    )


def show_fixes(spec: EmbedSpec) -> None:
    """List the fixes made so far, in their order, each with an undo."""
    fixes = spec.corpus.fixes
    if not fixes:
        return
    st.subheader("Fixed", anchor=False)
    for place, fix in enumerate(fixes):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":green[:material/check_circle:] {plain(fix.words)}", width="content")
            rest = fixes[:place] + fixes[place + 1 :]
            st.button("Undo", key=f"undo_{place}", icon=":material/undo:", on_click=_change, args=(spec, rest))
    st.caption("Your file stays as it is. An experiment's spec.json says what was fixed.")


def _change(spec: EmbedSpec, fixes: tuple[Fix, ...]) -> None:
    """Choose the corpus with these fixes, here and on the Data page."""
    changed = spec.model_copy(update={"corpus": spec.corpus.model_copy(update={"fixes": fixes})})
    corpus_form.fill(changed)
    prepared.choose(changed)
