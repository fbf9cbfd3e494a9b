"""What a link asks for that cannot be had is said, and not dropped in silence."""

import pytest
from streamlit.testing.v1 import AppTest


def page() -> None:
    from estitchup.ui.address import tell_bad_thresholds

    tell_bad_thresholds()


@pytest.mark.parametrize(
    ("asked", "shown"), [("0", None), ("0.61", None), ("1", None), ("7", "7"), ("nan", "nan"), ("<b>", "\\<b\\>")]
)
def test_a_threshold_that_is_none_is_said(asked: str, shown: str | None) -> None:
    app = AppTest.from_function(page)
    app.query_params["t_left"] = asked
    app.run()
    assert not app.exception
    said = [warning.value for warning in app.warning]
    if shown is None:
        assert said == []
    else:
        (sentence,) = said
        assert sentence.startswith(f"The link asks for a threshold of {shown}, and thresholds go from 0 to 1")
