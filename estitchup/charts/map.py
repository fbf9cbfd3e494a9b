"""The map of the embeddings as data for its drawing in the browser, `ui/components/map.js`: points, groups and texts.

Points are whole numbers of 16 bits on one scale for both axes: 50,000 are 200 KB, and at the largest zoom a step is
about a pixel. Texts are most of what is sent, so they are cut short and go apart from what a colouring changes.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estitchup.charts.frame import NEUTRAL
from estitchup.charts.palette import KNOWN_COLOUR, UNKNOWN_COLOUR

MOST_POINTS = 50_000
TEXT_LETTERS, LABEL_LETTERS = 90, 60
STEPS = 65_535
GROUP_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8F6BC1", "#7A5C3E")
OWN_COLOURS = {"known": KNOWN_COLOUR, "unknown": UNKNOWN_COLOUR, "unlabelled": NEUTRAL}
GROUP_SHAPES = {
    "circle": "M-1 0A1 1 0 0 0 1 0A1 1 0 0 0-1 0Z",
    "diamond": "M0-1.3 1.3 0 0 1.3-1.3 0Z",
    "square": "M-.9-.9H.9V.9H-.9Z",
    "plus": "M-.4-1.2H.4V-.4H1.2V.4H.4V1.2H-.4V.4H-1.2V-.4H-.4Z",
    "triangle up": "M0-1.2 1.2.9H-1.2Z",
    "cross": "M-.6-1.1 0-.5.6-1.1 1.1-.6.5 0 1.1.6.6 1.1 0 .5-.6 1.1-1.1.6-.5 0-1.1-.6Z",
    "triangle down": "M0 1.2-1.2-.9H1.2Z",
    "ring": "M-1.2 0A1.2 1.2 0 0 0 1.2 0A1.2 1.2 0 0 0-1.2 0M-.6 0A.6.6 0 0 1 .6 0A.6.6 0 0 1-.6 0Z",
}
"""A path for each group, within 1.3 of its centre, because colour alone must not tell groups apart."""

_VERSION_LETTERS = 16

Places = NDArray[np.int64]


def shown_text(text: str, letters: int = TEXT_LETTERS) -> str:
    """Return a text in one line, cut short."""
    line = " ".join(text.strip()[: 4 * letters].split())  # it may be megabytes long
    return line if len(line) <= letters else line[: letters - 1].rstrip() + "…"


def map_texts(texts: Sequence[str], labels: Sequence[str], roles: Sequence[str]) -> bytes:
    """Return what a hover shows of N texts: JSON, headed by its version. Labels and roles stand once each."""
    label_names, role_names = (list(dict.fromkeys(names)) for names in (labels, roles))
    label_places, role_places = ({name: i for i, name in enumerate(names)} for names in (label_names, role_names))
    content = {
        "texts": [shown_text(text) or "no text" for text in texts],
        "labels": [shown_text(name, LABEL_LETTERS) or "no label" for name in label_names],
        "label": [label_places[name] for name in labels],
        "roles": role_names,
        "role": [role_places[name] for name in roles],
    }
    written = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return hashlib.blake2b(written, digest_size=_VERSION_LETTERS // 2).hexdigest().encode() + written


def map_data(points: NDArray[np.float32], groups: Mapping[str, Places], texts: bytes) -> dict[str, Any]:
    """Return points (N, 2) and what each belongs to; rows of none of the groups are grey and lie below.

    At most as many `groups` as there are shapes. `texts` is what `map_texts` made of the same rows.
    """
    steps = _steps(points)
    members = np.zeros(len(points), np.uint8)
    entries = [{"name": "others", "colour": NEUTRAL, "shape": GROUP_SHAPES["circle"], "opacity": 0.35}]
    looks = zip(groups.items(), GROUP_COLOURS, GROUP_SHAPES.values(), strict=False)
    for number, ((name, rows), colour, shape) in enumerate(looks, start=1):
        members[rows] = number
        entries.append({"name": name, "colour": OWN_COLOURS.get(name, colour), "shape": shape, "opacity": 0.8})
    counts = np.bincount(members, minlength=len(entries)).tolist()
    return {
        "plane": hashlib.blake2b(steps.tobytes(), digest_size=8).hexdigest(),
        "extent": steps.max(axis=0).tolist(),
        "points": base64.b64encode(steps.tobytes()).decode(),
        "groups": base64.b64encode(members.tobytes()).decode(),
        "entries": [entry | {"count": count} for entry, count in zip(entries, counts, strict=True)],
        "texts": texts[:_VERSION_LETTERS].decode(),
        "radius": 2.5 if len(points) > 5_000 else 4,
    }


def _steps(points: NDArray[np.float32]) -> NDArray[np.uint16]:
    finite = np.nan_to_num(points.astype(np.float64), posinf=0, neginf=0)
    finite -= finite.min(axis=0)
    return np.round(finite / (finite.max() or 1) * STEPS).astype("<u2")
