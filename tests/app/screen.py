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
    """Return the data of the drawings that have this key: "now" for threshold panels, "charts" for curves.

    A panel comes with its table, in which it has every step's numbers.
    """
    sent = [element.proto for element in app.get("bidi_component")]
    tables = [table for proto in sent if proto.bytes for table in json.loads(proto.bytes)["tables"]]
    of_side = {table["side"]: table for table in tables}
    drawn = [json.loads(proto.json) for proto in sent if proto.json]
    return [of_side.get(data.get("side"), {}) | data for data in drawn if what in data]
