"""The data page: from nothing to embedded texts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from screen import Open, words
from streamlit.testing.v1 import AppTest

from estitchup.events import write_event
from estitchup.progress import Progress
from estitchup.workspace import EmbedSpec, Job, Status, Workspace


def csv(rows: list[tuple[str, str]]) -> bytes:
    return "\n".join(["text,label", *(f"{text},{label}" for text, label in rows)]).encode()


TWO_CLASSES = csv([(f"{word} number {n}", word) for word in ("apple", "pear") for n in range(12)])


def with_sample(visit: Open) -> AppTest:
    app = visit()
    return app.button(key="sample").click().run()


def upload(visit: Open, name: str, content: bytes) -> AppTest:
    return visit().file_uploader(key="upload").upload(name, content).run()


def the_job(home: Workspace) -> Job:
    (job,) = home.jobs()
    return job


def test_the_empty_page_says_what_the_app_finds_out_and_offers_the_sample(visit: Open) -> None:
    app = visit()
    assert "more accurate" in words(app)
    assert "1. **Prepare**" in words(app)
    assert "3. **Compare**" in words(app)
    assert app.button(key="sample").label == "Try it on the sample"


def test_the_sample_comes_with_its_columns_and_unknown_class_guessed(visit: Open) -> None:
    app = with_sample(visit)
    assert not app.exception
    assert app.selectbox(key="data_text").value == "text"
    assert app.selectbox(key="data_label").value == "intent"
    assert app.selectbox(key="data_split").value == "split"
    assert app.multiselect(key="data_unknown").value == ["oos"]
    assert [(metric.label, metric.value) for metric in app.metric] == [
        ("Texts", "1,176"),
        ("Known classes", "14"),
        ("Unknown classes", "1"),
    ]


def test_the_notes_of_the_corpus_are_on_the_page(visit: Open) -> None:
    assert "280 rows into the pool" in words(with_sample(visit))


def test_a_split_of_our_own_can_be_chosen_with_its_shares_and_seed(visit: Open) -> None:
    app = with_sample(visit)
    app.selectbox(key="data_split").set_value("").run()
    app.slider(key="data_test_share").set_value(40).run()
    app.number_input(key="data_seed").set_value(7).run()
    assert not app.error
    counts = app.table[0].value
    assert counts.loc["Test", "Known"] > counts.loc["Validation", "Known"]


def test_holding_out_classes_makes_them_unknown(visit: Open) -> None:
    app = with_sample(visit).slider(key="data_unknown_share").set_value(50).run()
    assert [metric.value for metric in app.metric] == ["1,176", "7", "8"]


def test_another_label_column_guesses_the_unknown_classes_anew(visit: Open) -> None:
    content = b"text,first,second\n" + b"\n".join(b"text %d,%s,%s" % (n, b"ab"[n % 2 :][:1], b"oos") for n in range(30))
    app = upload(visit, "two.csv", content)
    app.selectbox(key="data_label").set_value("second").run()
    assert app.multiselect(key="data_unknown").value == ["oos"]


def test_an_upload_is_kept_and_named(visit: Open, home: Workspace) -> None:
    app = upload(visit, "my_fruit.csv", TWO_CLASSES)
    assert not app.error
    assert r"my\_fruit.csv" in words(app)
    (kept,) = (home.root / "uploads").rglob("my_fruit.csv")
    assert kept.read_bytes() == TWO_CLASSES


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "is empty"),
        ("sheet.xlsx", b"PK\x03\x04" + bytes(40), "cut off or damaged"),
        ("photo.csv", b"\x89PNG\r\n" + bytes(40), "an image"),
        ("only.npy", b"\x93NUMPY", "bring the table"),
        ("three.csv", csv([("one a", "x"), ("two b", "y"), ("three c", "x")]), "at least 10"),
        ("one.csv", csv([(f"text {n}", "same") for n in range(20)]), "needs at least 2"),
        ("oos.csv", csv([(f"text {n}", "oos") for n in range(20)]), "unknown class"),
        ("header.csv", b"text,label\n", "no rows below"),
    ],
)
def test_a_file_that_cannot_be_used_is_answered_by_a_sentence(
    visit: Open, name: str, content: bytes, said: str
) -> None:
    app = upload(visit, name, content)
    assert not app.exception
    (error,) = app.error
    assert said in error.value
    assert "Traceback" not in words(app)


def test_one_column_for_text_and_label_is_refused_beside_the_controls(visit: Open) -> None:
    app = with_sample(visit).selectbox(key="data_label").set_value("text").run()
    assert "cannot be two of text, label and split" in app.error[0].value
    assert not app.selectbox(key="data_text").disabled


def test_a_column_not_chosen_yet_is_asked_for(visit: Open) -> None:
    app = with_sample(visit).selectbox(key="data_text").set_value(None).run()
    assert app.info[0].value == "Choose the column with the texts."
    app.selectbox(key="data_label").set_value(None).run()
    assert app.info[0].value == "Choose the column with the texts and the one with the labels."


def test_a_file_without_labels_says_what_is_missing_here_and_on_the_next_pages(visit: Open) -> None:
    app = upload(visit, "bare.csv", csv([(f"text {n}", "") for n in range(20)]))
    assert app.info[0].value == "Choose the column with the labels."
    app.switch_page("pages/experiment/train.py").run()
    assert app.error[0].value == "It is not said which column of bare.csv holds the labels: choose one."


def test_texts_of_one_file_and_class_say_where_other_classes_come_from(visit: Open) -> None:
    app = upload(visit, "only.csv", b"text\n" + b"".join(b"this is text %d\n" % n for n in range(20)))
    assert "from a column with labels or a further file for each" in app.error[0].value


def test_what_is_odd_about_a_file_is_on_the_page_and_not_folded_away(visit: Open) -> None:
    app = upload(visit, "bare.csv", "\n".join(f"wo ist {n},{'ab'[n % 2]}" for n in range(30)).encode())
    assert "seems to have no header" in app.info[0].value


def test_embed_queues_a_job_and_says_what_it_waits_for(visit: Open, home: Workspace) -> None:
    app = with_sample(visit).button(key="embed").click().run()
    assert isinstance(the_job(home).spec, EmbedSpec)
    assert "loads the encoder" in words(app)


def test_progress_comes_with_a_rate_and_a_remaining_time_and_can_be_stopped(visit: Open, home: Workspace) -> None:
    app = with_sample(visit).button(key="embed").click().run()
    job = the_job(home)
    home.set_status(job.id, Status.RUNNING)
    write_event(home.job_folder(job.id), "progress", Progress("Embedding", 588, 1176, "texts", 310.0, 1.9))
    app.run()
    assert app.progress[0].value == 50
    assert app.progress[0].text == "Embedding 588 of 1,176 texts · 310 texts/s · 2 s left"
    app.button(key=f"stop_{job.id}").click().run()
    assert (home.job_folder(job.id) / "cancel").exists()
    assert app.button(key=f"stop_{job.id}").disabled


def test_a_job_behind_others_says_so(visit: Open, home: Workspace) -> None:
    app = with_sample(visit)
    other = EmbedSpec(corpus=home.prepared(app.query_params["corpus"]).corpus, encoder="another")  # type: ignore[union-attr]
    home.add_job(other)
    app.button(key="embed").click().run()
    assert "Queued behind 1 other job" in words(app)


def test_embedded_texts_lead_to_training_however_they_are_split_afterwards(visit: Open, home: Workspace) -> None:
    app = with_sample(visit).button(key="embed").click().run()
    home.set_status(the_job(home).id, Status.FINISHED)
    app.run()
    assert app.button(key="next_train").label == "Next: train"
    app.slider(key="data_unknown_share").set_value(20).run()
    assert app.button(key="next_train").label == "Next: train"


def test_a_failed_job_gives_its_reason_and_can_be_resumed(visit: Open, home: Workspace) -> None:
    app = with_sample(visit).button(key="embed").click().run()
    first = the_job(home)
    home.set_status(first.id, Status.FAILED, "The disk is full: make room.")
    app.run()
    assert app.error[0].value == "The disk is full: make room."
    app.button(key=f"again_{first.id}").click().run()
    assert [(again.id, again.status) for again in home.jobs()] == [(first.id, Status.QUEUED)]


def test_what_was_chosen_is_there_again_after_a_reload_and_on_the_way_back(visit: Open) -> None:
    app = with_sample(visit).slider(key="data_unknown_share").set_value(30).run()
    address = app.query_params["corpus"]
    reloaded = visit(corpus=address)
    assert reloaded.slider(key="data_unknown_share").value == 30
    back = app.switch_page("pages/experiment/train.py").run().switch_page("pages/prepare/data.py").run()
    assert back.slider(key="data_unknown_share").value == 30


@pytest.mark.parametrize("address", ["0123456789ab", "../../etc/passwd", ""])
def test_a_link_to_nothing_opens_the_start(visit: Open, address: str) -> None:
    assert visit(corpus=address).button(key="sample").label == "Try it on the sample"


def test_the_last_corpus_can_be_taken_up_again(visit: Open) -> None:
    with_sample(visit).slider(key="data_unknown_share").set_value(10).run()
    app = visit().button(key="latest").click().run()
    assert app.slider(key="data_unknown_share").value == 10


def test_another_file_can_be_chosen_instead(visit: Open) -> None:
    app = with_sample(visit).button(key="other").click().run()
    assert app.button(key="sample").label == "Try it on the sample"
    assert "corpus" not in app.query_params


def test_another_encoder_goes_into_the_job(visit: Open, home: Workspace) -> None:
    app = with_sample(visit).selectbox(key="encoder_choice").set_value("Another one").run()
    app.text_input(key="encoder_other").set_value("some/model").run()
    app.button(key="embed").click().run()
    assert the_job(home).spec.encoder == "some/model"


def upload_all(visit: Open, **files: bytes) -> AppTest:
    uploads = [(name.replace("__", "."), content, "text/plain") for name, content in files.items()]
    return visit().file_uploader(key="upload").set_value(uploads).run()


def roles(app: AppTest) -> dict[str, list[int]]:
    return {str(role): list(map(int, row)) for role, row in app.table[0].value.fillna(0).iterrows()}


MORE = {
    "test__csv": csv([(f"{word} asked {n}", word) for word in ("apple", "pear") for n in range(6)]),
    "train__csv": TWO_CLASSES,
    "ood__txt": "\n".join(f"something else entirely {n}" for n in range(14)).encode(),
    "pool__txt": b"who knows\nwho cares\n",
}


def test_several_files_play_the_roles_that_their_names_say_and_can_be_given_others(visit: Open) -> None:
    app = upload_all(visit, **MORE)
    assert not app.error
    assert not app.exception
    assert "train.csv and 3 more files" in words(app)
    uses = {box.label: box.value for box in app.selectbox if box.key and box.key.startswith("data_use_")}
    assert uses == {"test.csv": "test", "ood.txt": "unknown", "pool.txt": "pool"}
    assert roles(app) == {
        **{"Training": [20, 0, 0], "Validation": [4, 6, 0], "Test": [12, 8, 0]},
        "Pool, to label": [0, 0, 2],
    }
    app.selectbox(key="data_use_3").set_value("unknown").run()
    assert [metric.value for metric in app.metric if metric.label == "Unknown classes"] == ["2"]
    app.selectbox(key="data_use_1").set_value("not used").run()
    assert not app.error
    assert roles(app)["Test"][0] < 12


def test_a_further_files_columns_are_guessed_and_can_be_chosen(visit: Open) -> None:
    other = "\n".join(f"apple asked {n},pear told {n},{'apple' if n % 2 else 'pear'},x{n % 2}" for n in range(12))
    test = f"utterance,answer,intent,topic\n{other}".encode()
    app = upload_all(visit, train__csv=TWO_CLASSES, test__csv=test)
    assert not app.error
    assert app.selectbox(key="data_text_of_1").options[0] == "Guessed: utterance"
    assert app.selectbox(key="data_label_of_1").options[0] == "Guessed: intent"
    app.selectbox(key="data_text_of_1").set_value("=answer").run()
    assert not app.error
    assert any("pear told" in text for text in app.dataframe[0].value["Text"])
    app.selectbox(key="data_label_of_1").set_value("=answer").run()
    assert "cannot be both text and label" in app.error[0].value
    app.selectbox(key="data_use_1").set_value("pool").run()
    assert not app.error
    assert "data_label_of_1" not in [box.key for box in app.selectbox]


def test_how_a_file_was_read_is_shown_and_can_be_corrected(visit: Open) -> None:
    content = b"text;label\n" + "\n".join(f"où est {n};{'ab'[n % 2]}" for n in range(40)).encode("cp1252")
    app = upload(visit, "french.csv", content)
    assert any("Windows-1252 (Western), semicolon" in expander.label for expander in app.expander)
    assert app.selectbox(key="data_reading_0_delimiter").options[0] == "Detected: Semicolon"
    app.selectbox(key="data_reading_0_encoding").set_value("=cp1251").run()
    assert not app.exception
    assert "щ" in "".join(app.dataframe[0].value["Text"].astype(str))
    app.selectbox(key="data_reading_0_delimiter").set_value("=,").run()
    assert not app.exception
    app.selectbox(key="data_reading_0_delimiter").set_value("").run()
    app.selectbox(key="data_reading_0_encoding").set_value("").run()
    assert app.selectbox(key="data_text").value == "text"
    assert not app.error


def test_a_reading_that_does_not_fit_is_a_sentence_beside_the_controls(visit: Open) -> None:
    rows = "".join(f"one, two {n}|three;{'ab'[n % 2]}\n" for n in range(40))
    app = upload(visit, "a.csv", f"text;label\n{rows}".encode())
    app.selectbox(key="data_reading_0_delimiter").set_value("=|").run()
    assert not app.exception
    assert "cells where the header has 1" in app.error[0].value
    app.selectbox(key="data_reading_0_delimiter").set_value("").run()
    assert not app.error


def test_vectors_that_came_along_leave_nothing_to_embed(visit: Open, tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    table = pd.DataFrame({"name": [f"{n}.png" for n in range(40)], "label": ["cat", "dog"] * 20})
    np.save(tmp_path / "v.npy", vectors)
    app = upload_all(visit, a__csv=table.to_csv(index=False).encode(), v__npy=(tmp_path / "v.npy").read_bytes())
    assert not app.error
    assert "40 vectors of 3 dimensions" in words(app)
    assert app.button(key="next_train").label == "Next: train"
    app.selectbox(key="data_vectors").set_value("").run()
    assert app.button(key="embed").label == "Embed"


def test_a_path_on_this_computer_is_read_in_place(visit: Open, home: Workspace, tmp_path: Path) -> None:
    (tmp_path / "fruit.csv").write_bytes(TWO_CLASSES)
    app = visit().text_input(key="path").set_value(str(tmp_path / "fruit.csv")).run()
    assert "fruit.csv" in words(app)
    assert not (home.root / "uploads").exists()
    assert "There is no file" in visit().text_input(key="path").set_value("/nowhere/a.csv").run().error[0].value
