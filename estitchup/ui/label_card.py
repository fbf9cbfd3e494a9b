"""One text to label, with all that helps to decide and a key for every answer."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import streamlit as st

from estitchup.labeling import STRATEGIES
from estitchup.labels import Decision, Kind
from estitchup.ui.guard import guard, plain
from estitchup.ui.label_acts import AT, choices_for, decide, decide_typed, show_notices, undo
from estitchup.ui.label_desk import MOST_ALIKE, LabelDesk, label_desk, label_store
from estitchup.ui.label_reason import reason

ACCEPT_KEYS = ("A", "2", "3")


@dataclass(frozen=True)
class View:
    """What a person looks at: whose classifier suggests, which strategy orders, and which texts are wanted."""

    job_id: str
    name: str
    strategy: str
    who: str
    search: str = ""
    suggested: str | None = None


@dataclass(frozen=True)
class Standing:
    """Where the labelling stands at this look."""

    decisions: Mapping[str, Decision]
    numbers: Mapping[str, int]
    elsewhere: Mapping[str, str]

    @classmethod
    def now(cls, desk: LabelDesk, who: str) -> "Standing":
        """Read the catalog."""
        store = label_store()
        return cls(store.current(desk.scope), store.numbers(desk.scope), store.claimed(desk.scope, who))

    @cached_property
    def labels(self) -> list[str]:
        """Return the classes that people have named, the most frequent first."""
        named = Counter(own.label for own in self.decisions.values() if own.kind is Kind.LABEL)
        return [label for label, _ in named.most_common()]


def waiting(desk: LabelDesk, view: View, standing: Standing) -> list[int]:
    """Return the positions that are still to be decided and wanted, in order; those that were skipped come last."""
    answers = desk.answers(view.name)[0]
    search = view.search.casefold().strip()
    fresh: list[int] = []
    skipped: list[int] = []
    for position in desk.ranking(view.name, view.strategy).tolist():
        decision = standing.decisions.get(desk.keys[position])
        if decision is not None and decision.kind is not Kind.SKIP:
            continue
        if search not in desk.texts[position].casefold() or view.suggested not in (None, answers[position]):
            continue
        (skipped if decision else fresh).append(position)
    return fresh + skipped


@st.fragment
@guard()
def show_card(view: View) -> None:
    """Show the next text with its answers; a press keeps a decision and shows the one after it."""
    desk = label_desk(view.job_id)
    standing = Standing.now(desk, view.who)
    show_notices()
    _show_progress(desk, standing)
    queue = waiting(desk, view, standing)
    position = _next(desk, view, standing, queue)
    if position is None:
        _show_end(desk, view, queue)
        return
    with st.container(border=True):
        place = f"{queue.index(position) + 1:,} of {len(queue):,}" if position in queue else "chosen by hand"
        st.caption(f"{place} · {plain(view.strategy)}: texts that {STRATEGIES[view.strategy].says} come first")
        st.subheader(plain(desk.texts[position]), anchor=False)
        st.caption(f"Why here: {plain(reason(desk, view.name, view.strategy, position))}")
        ticked_slot = st.container()
        nearest, others = st.columns(2, gap="medium")
        with nearest:
            _show_nearest(desk, position)
        with others:
            ticked = _ask_alike(desk, position, queue)
        with ticked_slot:
            _show_answers(desk, view, standing, position, ticked)


def _next(desk: LabelDesk, view: View, standing: Standing, queue: list[int]) -> int | None:
    """Return the text to show, reserved for this person: the one asked for, else the first that nobody else has."""
    asked = st.session_state.get(AT)
    wanted = [desk.position[asked]] if asked in desk.position else []
    free = [position for position in queue if desk.keys[position] not in standing.elsewhere]
    if not view.who:
        return next(iter(wanted + free), None)
    for position in wanted + free[:20]:
        if label_store().claim(desk.scope, [desk.keys[position]], view.who) or position in wanted:
            return position
    return None


def _show_progress(desk: LabelDesk, standing: Standing) -> None:
    own = [standing.decisions[key] for key in desk.keys if key in standing.decisions]
    kinds = Counter(decision.kind for decision in own)
    done = kinds[Kind.LABEL] + kinds[Kind.NONE]
    words = f"{done:,} of {len(desk.keys):,} texts decided"
    words += f" · {kinds[Kind.NONE]:,} none of these" * bool(kinds[Kind.NONE])
    words += f" · {kinds[Kind.SKIP]:,} skipped" * bool(kinds[Kind.SKIP])
    if people := sorted(set(standing.elsewhere.values())):
        words += f" · also at work: {plain(', '.join(people))}"
    st.progress(done / max(len(desk.keys), 1), text=words)


def _show_end(desk: LabelDesk, view: View, queue: list[int]) -> None:
    if queue:
        st.info("All texts that are left here are on other people's screens; they come back when nobody labels them.")
    elif view.search or view.suggested:
        st.info("No text that is still open fits the filter: widen it to go on.")
    else:
        st.success("Every text of the pool is decided. Retrain to see what your labels changed.")
    _undo_button(desk, view)


def _show_answers(desk: LabelDesk, view: View, standing: Standing, position: int, ticked: list[int]) -> None:
    """Draw the buttons; every answer goes for the text and the ticked ones."""
    texts = [(desk.texts[own], standing.numbers.get(desk.keys[own], 0)) for own in [position, *ticked]]
    for_all = f" for {len(texts)} texts" if len(texts) > 1 else ""
    with st.container(horizontal=True):
        for place, (label, probability) in enumerate(desk.suggestions(view.name, position)):
            st.button(
                f"{'Accept: ' if place == 0 else ''}{plain(label)} {probability:.0%}{for_all if place == 0 else ''}",
                key=f"say_{place}",
                type="primary" if place == 0 else "secondary",
                shortcut=ACCEPT_KEYS[place],
                disabled=not view.who,
                on_click=decide,
                args=(desk.scope, choices_for(texts, Kind.LABEL, label), view.who),
            )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _ask_other(desk, view, standing, texts)
        for kind, name, shortcut in ((Kind.NONE, "None of these", "N"), (Kind.SKIP, "Skip", "S")):
            st.button(
                name,
                key=f"say_{kind}",
                shortcut=shortcut,
                disabled=not view.who,
                on_click=decide,
                args=(desk.scope, choices_for(texts, kind), view.who),
            )
        _undo_button(desk, view)


def _ask_other(desk: LabelDesk, view: View, standing: Standing, texts: list[tuple[str, int]]) -> None:
    key = "other class"  # the same for every text: a new field would lose the focus, and letters typed would answer
    known = sorted({*desk.classes, *standing.labels})
    st.selectbox(
        "Another class, or a new one",
        known,
        None,
        key=key,
        placeholder="Type a name, then Enter",
        accept_new_options=True,
        disabled=not view.who,
        on_change=decide_typed,
        args=(desk.scope, texts, view.who, key),
        width=280,
    )


def _undo_button(desk: LabelDesk, view: View) -> None:
    st.button(
        "Undo",
        key="undo",
        icon=":material/undo:",
        shortcut="U",
        disabled=not view.who,
        on_click=undo,
        args=(desk.scope, view.who),
    )


def _show_nearest(desk: LabelDesk, position: int) -> None:
    st.markdown("**Nearest labelled texts**")
    for own in desk.nearest(position):
        st.markdown(f"{plain(own.label)} · cosine {own.cosine:.2f}  \n:gray[{plain(own.text)}]")


def _ask_alike(desk: LabelDesk, position: int, queue: list[int]) -> list[int]:
    """Let the person tick texts that are much alike and get the same answer."""
    wanted = set(queue) - {position}
    alike = [own for own in desk.alike(position).tolist() if own in wanted][:MOST_ALIKE]
    st.markdown("**Alike, to label at once**")
    if not alike:
        st.caption("No other open text is much alike.")
        return []
    every = st.toggle("All of them", key=f"alike_{desk.keys[position][:16]}")
    return [
        own
        for own in alike
        if st.checkbox(
            plain(desk.texts[own]), every, key=f"tick_{desk.keys[own][:16]}_{desk.keys[position][:8]}_{every}"
        )
    ]
