import pytest

from estitchup.corpus import CorpusSpec, FileSpec, Use
from estitchup.report.sources import encoder_said, files_said, unknown_said
from estitchup.result import ExperimentResult

CORPUS = CorpusSpec(file="C:\\data\\train.csv", text_column="text", label_column="label")
TEST = FileSpec(file="/data/test.csv", use=Use.TEST)
STRANGE = FileSpec(file="/data/oos.txt", use=Use.UNKNOWN)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "train.csv"),
        ((TEST,), "train.csv and test.csv"),
        ((TEST, STRANGE), "train.csv, test.csv and oos.txt"),
        ((TEST, STRANGE, TEST), "train.csv and 3 more files"),
    ],
)
def test_all_files_are_named_or_counted(more: tuple[FileSpec, ...], said: str) -> None:
    assert files_said(CORPUS.model_copy(update={"more": more})) == said


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "none"),
        ({"unknown_labels": ("oos", "other")}, "oos, other"),
        ({"unknown_share": 0.25}, "25% of the classes"),
        (
            {"unknown_labels": ("oos",), "unknown_share": 0.25, "more": (TEST, STRANGE)},
            "oos; 25% of the classes; all of oos.txt",
        ),
    ],
)
def test_what_is_unknown_is_said_in_full(changed: dict[str, object], said: str) -> None:
    assert unknown_said(CORPUS.model_copy(update=changed)) == said


@pytest.mark.parametrize(
    ("encoder", "key", "said"),
    [
        ("all-MiniLM-L6-v2", "all-MiniLM-L6-v2@1", "all-MiniLM-L6-v2"),
        (
            "intfloat/e5-small-v2",
            "intfloat/e5-small-v2?prompt=query:%20@1",
            "intfloat/e5-small-v2 with the prompt “query:”",
        ),
        ("intfloat/e5-small-v2?prompt=a%2Fb", "", "intfloat/e5-small-v2 with the prompt “a/b”"),
        ("intfloat/e5-small-v2?prompt=", "intfloat/e5-small-v2@1", "intfloat/e5-small-v2 without a prompt"),
        ("/home/me/encoder", "", "encoder"),
        ("C:\\models\\encoder", "", "encoder"),
    ],
)
def test_an_encoder_keeps_its_owner_and_prompt_and_loses_its_folder(
    small_result: ExperimentResult, encoder: str, key: str, said: str
) -> None:
    assert encoder_said(small_result.spec.model_copy(update={"encoder": encoder}), key) == said


def test_vectors_that_came_with_the_texts_have_no_encoder(small_result: ExperimentResult) -> None:
    corpus = small_result.spec.corpus.model_copy(update={"vectors": "embedding"})
    spec = small_result.spec.model_copy(update={"corpus": corpus})
    assert encoder_said(spec, "given-384") == "vectors that came with the texts"
