"""The answers of the try page as HTML: large type for a room, bars with the threshold's mark, all user text escaped.

Each of a person's texts has a direction of its own, so that a right-to-left one, or a mark in it, turns nothing else.

One st.html a text: charts would take longer to draw than the classifier takes to answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from estitchup.bundle import Classifier
from estitchup.bundle.classifier import Said
from estitchup.bundle.nearest import Near
from estitchup.charts.palette import COLOURS, KNOWN_COLOUR, SOFT, UNKNOWN_COLOUR

TOP = 3
OTHER_COLOUR = "#0072B2"


@dataclass(frozen=True)
class Answer:
    """What one classifier says of one text."""

    name: str
    classifier: Classifier
    said: Said


STYLE = """<style>
.st-key-typed_texts textarea {font-size: 1.3rem}
.try-text {font-size: 1.5rem; font-weight: 600; margin: 0 0 .6rem; overflow-wrap: anywhere;
  max-height: 12.5rem; overflow-y: auto}
.try-truth {font-size: 1rem; opacity: .75; margin: -.4rem 0 .8rem}
.try-row {display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 1rem}
.try-cell {border: 1px solid color-mix(in srgb, currentColor 18%, transparent); border-left-width: 6px;
  border-radius: 6px; padding: .8rem 1rem; min-width: 0}
.try-name {font-size: 1rem; opacity: .8}
.try-label {font-size: 1.9rem; font-weight: 650; line-height: 1.25; overflow-wrap: anywhere}
.try-said {font-size: 1.05rem; margin: .1rem 0 .5rem}
.try-bar {position: relative; height: 1.1rem; border-radius: 4px; overflow: visible;
  background: color-mix(in srgb, currentColor 12%, transparent)}
.try-fill {height: 100%; border-radius: 4px}
.try-mark {position: absolute; top: -.3rem; bottom: -.3rem; width: 3px; margin-left: -1.5px; background: currentColor}
.try-classes {display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .1rem 1rem; margin-top: .9rem;
  font-size: 1.05rem; overflow-wrap: anywhere}
.try-classes span:nth-child(even), .try-near span:nth-child(3n) {font-variant-numeric: tabular-nums; text-align: right}
.try-near {display: grid; grid-template-columns: minmax(0, 14rem) minmax(0, 1fr) auto; gap: .1rem 1rem;
  font-size: 1rem; overflow-wrap: anywhere}
.try-near span:nth-child(3n+2) {display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3;
  overflow: hidden}
.try-head {font-size: .95rem; opacity: .75; margin: .9rem 0 .2rem}
.try-end {margin-top: 1.4rem; border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent)}
@media (max-width: 640px) {.try-near {grid-template-columns: minmax(0, 1fr) auto}
  .try-near span:nth-child(3n+1) {grid-column: 1 / -1; margin-top: .3rem}}
</style>"""


def card(text: str, answers: Sequence[Answer], nearest: Sequence[Near], label: str | None) -> str:
    """Return the HTML of a text: each classifier's answer, side by side, and the nearest training texts."""
    truth = f'<div class="try-truth">A test text; its label is <bdi>{escape(label)}</bdi>.</div>' if label else ""
    cells = "".join(_cell(answer) for answer in answers)
    return (
        f'<div class="try-text" dir="auto">{escape(text)}</div>{truth}<div class="try-row">{cells}</div>'
        f'{_near(nearest)}<div class="try-end"></div>'
    )


def written(share: float) -> str:
    """Write a confidence in percent, which says 100% only where it is."""
    if share < 1 and round(share, 3) == 1:
        return "above 99.9%"
    return f"{share:.1%}"


def _cell(answer: Answer) -> str:
    threshold = answer.classifier.threshold
    verdict = "Accepted" if answer.said.accepted else "Refused"
    sign = "at or above" if answer.said.accepted else "below"
    said = f"{verdict}: confidence {written(answer.said.confidence)}, {sign} the threshold ({written(threshold)})"
    stripe = KNOWN_COLOUR if answer.said.accepted else UNKNOWN_COLOUR
    return (
        f'<div class="try-cell" style="border-left-color:{stripe}"><div class="try-name">{escape(answer.name)}</div>'
        f'<div class="try-label" dir="auto">{escape(answer.said.label)}</div><div class="try-said">{said}</div>'
        f"{_bar(answer, said)}{_classes(answer)}</div>"
    )


def _bar(answer: Answer, said: str) -> str:
    colour = COLOURS.get(answer.name, OTHER_COLOUR)
    stripes = f"repeating-linear-gradient(90deg,{colour} 0 10px,color-mix(in srgb,{colour} 65%,transparent) 10px 14px)"
    fill = stripes if answer.name in SOFT else colour
    return (
        f'<div class="try-bar" role="img" aria-label="{escape(answer.name)}: {said}">'
        f'<div class="try-fill" style="width:{100 * answer.said.confidence:.2f}%;background:{fill}"></div>'
        f'<div class="try-mark" style="left:{100 * answer.classifier.threshold:.2f}%"></div></div>'
    )


def _classes(answer: Answer) -> str:
    rows = (
        f'<span dir="auto">{escape(name)}</span><span>{written(share)}</span>' for name, share in answer.said.classes
    )
    return f'<div class="try-classes">{"".join(rows)}</div>'


def _near(nearest: Sequence[Near]) -> str:
    if not nearest:
        return ""
    rows = (
        f'<span dir="auto">{escape(near.label)}</span><span dir="auto">{escape(near.text)}</span>'
        f"<span>{near.similarity:.2f}</span>"
        for near in nearest
    )
    return (
        '<div class="try-head">Nearest training texts, with label and cosine similarity</div>'
        f'<div class="try-near">{"".join(rows)}</div>'
    )
