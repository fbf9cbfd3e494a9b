import pytest

from estitchup.corpus import CorpusSpec
from estitchup.errors import EstitchupError

GOOD = {"file": "sample", "text_column": "text", "label_column": "intent"}


def test_a_spec_survives_json() -> None:
    spec = CorpusSpec(file="a.csv", text_column="t", label_column="l", unknown_labels=("oos",), unknown_share=0.25)
    assert CorpusSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unknown_share": 1}, "unknown_share cannot be 1: it should be less than 1"),
        ({"unknown_share": -0.1}, "unknown_share"),
        ({"test_share": 0}, "test_share"),
        ({"validation_share": float("nan")}, "validation_share"),
        ({"validation_share": 0.5, "test_share": 0.5}, "0.5"),
        ({"seed": -1}, "seed"),
        ({"unknown_labels": "oos"}, "unknown_labels"),
        ({"text_column": None}, "text_column"),
        ({"colour": "red"}, "no corpus setting colour"),
    ],
)
def test_a_setting_out_of_range_is_refused_in_one_sentence(change: dict[str, object], said: str) -> None:
    with pytest.raises(EstitchupError) as caught:
        CorpusSpec.model_validate({**GOOD, **change})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(EstitchupError, match="file is missing"):
        CorpusSpec.model_validate({"text_column": "text", "label_column": "intent"})
