"""What the tests of the pages share: how to open a page, and how to read it."""

from collections.abc import Callable

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
