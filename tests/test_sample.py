"""The sample keeps what its README promises."""

import pandas as pd

from estitchup.corpus import SAMPLE, normalised


def test_the_sample_has_the_intents_and_texts_that_it_promises() -> None:
    table = pd.read_csv(SAMPLE, dtype=str, keep_default_na=False)
    labelled = table[~table["intent"].isin(["", "oos"])]
    assert labelled["intent"].nunique() == 14
    assert labelled["intent"].value_counts().min() >= 45
    assert (table["intent"] == "oos").sum() >= 150
    assert (table["split"] == "pool").sum() >= 250
    assert (table.loc[table["split"] == "pool", "intent"] == "").all()
    assert len(set(normalised(table["text"]))) == len(table)


def test_every_pool_text_has_its_answer_and_two_intents_are_labelled_nowhere() -> None:
    table = pd.read_csv(SAMPLE, dtype=str, keep_default_na=False)
    answers = pd.read_csv(SAMPLE.with_name("pool_answers.csv"), dtype=str)
    assert set(answers["text"]) == set(table.loc[table["split"] == "pool", "text"])
    assert set(answers["intent"]) - set(table["intent"]) == {"delete_account", "discount_request"}
