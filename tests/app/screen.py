"""What the tests of the pages share: how to open a page, and how to read it."""

import json
from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

Open = Callable[..., AppTest]


def words(app: AppTest) -> str:
    """Return all that stands on the page as running text."""
    kinds = ("title", "subheader", "markdown", "caption", "error", "warning", "info", "metric", "button", "progress")
    texts = []
    for kind in kinds:
        for element in app.get(kind):
            texts += [str(getattr(element, name, "") or "") for name in ("label", "value", "text")]
    return "\n".join(texts)


def moving(app: AppTest, what: str) -> list[dict[str, Any]]:
    """Return the data of the drawings that have this key: "now" for threshold panels, "charts" for curves."""
    drawn = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    return [data for data in drawn if what in data]
