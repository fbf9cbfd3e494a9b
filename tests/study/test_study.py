"""The study's own code, on data whose answer is known."""

import numpy as np
import pandas as pd
import pytest
import torch
from clouds import clouds

from benchmarks.study.claims import Case, claims, measured, runs_of
from benchmarks.study.few import differences as few_differences
from benchmarks.study.few import few_sentence
from benchmarks.study.kept import Kept
from benchmarks.study.measures import interval, measure
from benchmarks.study.plain import Variant, train_plain
from benchmarks.study.rivals import as_given, same_class, stitched
from benchmarks.study.sweep import chosen, softening
from benchmarks.study.verdicts import CLAIMS, Claim, differences, verdicts
from benchmarks.study.write import full_table
from estitchup.corpus import Role
from estitchup.recipe import BASELINE, Augmentation, HeadSpec, Mix, Run, TrainingSpec
from estitchup.training import train

ACCURACY = Claim("More accurate", "accuracy", True, "points")


def table_of(accuracies: dict[str, list[float]]) -> pd.DataFrame:
    case = {"set": "A", "unknown": "unknown classes", "texts_a_class": None, "head": "mlp"}
    rows = [
        case | {"augmentation": name, "seed": seed, "accuracy": value}
        for name, values in accuracies.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_a_gain_in_every_seed_is_a_clear_difference_and_noise_is_not():
    table = table_of({BASELINE: [0.80, 0.85, 0.90], "E-Mixup": [0.82, 0.87, 0.92], "E-Stitchup": [0.85, 0.80, 0.91]})
    found = {verdict.augmentation: verdict for verdict in verdicts(ACCURACY, table)}
    assert (found["E-Mixup"].better, found["E-Mixup"].word) == (1, "holds")
    assert (found["E-Stitchup"].better, found["E-Stitchup"].worse, found["E-Stitchup"].word) == (0, 0, "does not hold")
    row = differences(table, "accuracy").set_index("augmentation").loc["E-Mixup"]
    assert row["mean"] == pytest.approx(0.02)


def test_the_interval_is_students_by_hand():
    found = interval([1.0, 2.0, 3.0])  # t(0.975, 2) = 4.302653, deviation 1
    assert (found.mean, found.high - found.mean) == pytest.approx((2.0, 4.302653 / np.sqrt(3)), abs=1e-5)


def test_every_class_gives_at_most_the_asked_number_of_texts_and_no_unknown_class_trains():
    one = clouds(3.0)
    known = one.known_classes(draw=4)
    rows = one.training_rows(4, known, texts_a_class=5)
    assert known.sum() == 6
    counts = np.bincount(one.data.targets[rows], minlength=one.classes)
    assert counts[known].tolist() == [5] * 6
    assert not counts[~known].any()


def test_classes_that_lie_far_apart_are_learnt_and_told_from_unknown_ones_and_clouds_on_one_spot_are_not():
    easy, hard = (claims_of(apart) for apart in (12.0, 0.0))
    assert easy["accuracy"].min() > 0.97
    assert easy["auroc"].mean() > 0.95
    assert hard["accuracy"].mean() == pytest.approx(1 / 6, abs=0.08)
    assert hard["auroc"].mean() == pytest.approx(0.5, abs=0.08)


def claims_of(apart: float) -> pd.DataFrame:
    one = clouds(apart)
    case = Case(one.name, "unknown classes", None, "linear")
    runs = runs_of(one, case, (Augmentation(), Augmentation(epsilon=0.05)), seeds=3)
    return measured(
        one, runs, train(one.data, runs, HeadSpec(kind="linear"), TrainingSpec(epochs=20, learning_rate=0.02))
    )


def test_a_finished_piece_is_not_computed_again(tmp_path):
    one, kept = clouds(6.0), Kept(tmp_path)
    first = claims(one, kept, seeds=1)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    pd.testing.assert_frame_equal(claims(one, kept, seeds=1), first)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == stamps


def test_the_plain_stack_agrees_with_the_librarys():
    one = clouds(4.0)
    spec = TrainingSpec(epochs=15)
    runs = [Run(Augmentation(), seed) for seed in range(3)]
    test, targets = one.role(Role.TEST)
    library = train(one.data, runs, HeadSpec(), spec).heads.logits(test)
    plain = train_plain(one.data, Variant(BASELINE, as_given), 3, spec)(test)
    by_library, by_plain = (
        [measure(own, targets, own, targets)["accuracy"] for own in logits] for logits in (library, plain)
    )
    assert np.mean(by_library) == pytest.approx(np.mean(by_plain), abs=0.03)


def test_same_class_stitching_takes_coordinates_from_rows_of_the_class_only():
    y = torch.nn.functional.one_hot(torch.tensor([[0, 1, 0, 1, 2]]), 3).float()
    x = y.argmax(-1, keepdim=True).float().expand(1, 5, 200) + torch.arange(5).view(1, 5, 1) / 10
    mixed, targets = same_class(x, y)
    assert torch.equal(mixed.floor().amax(-1), targets.argmax(-1).float())
    assert torch.equal(mixed.floor().amin(-1), targets.argmax(-1).float())


def test_realised_targets_weigh_the_coordinates_that_were_taken():
    torch.manual_seed(0)
    x = torch.stack([torch.zeros(400), torch.ones(400)])[None].repeat(1, 8, 1)
    y = torch.nn.functional.one_hot(x[..., 0].long(), 2).float()
    mixed, targets = stitched(realised=True)(x, y)
    assert torch.allclose(mixed.mean(-1), targets[..., 1], atol=1e-6)


def test_the_sweep_takes_the_best_refusal_among_the_settings_that_are_as_accurate_as_the_best():
    rows = []
    for alpha, accuracy, auroc in ((0.1, 0.90, 0.80), (0.2, 0.899, 0.95), (0.4, 0.70, 0.99)):
        for seed in range(4):
            noise = 0.004 * (seed - 1.5)
            setting = {"set": "A", "head": "mlp", "mix": "stitchup", "alpha": alpha, "epsilon": 0.0, "share": 1.0}
            figures = {"validation_accuracy": accuracy + noise, "validation_auroc": auroc}
            rows.append(setting | {"seed": seed} | figures)
    table = chosen(pd.DataFrame(rows))
    assert table.loc[table["chosen"], "alpha"].tolist() == [0.2]
    assert table.loc[table["within"], "alpha"].tolist() == [0.1, 0.2]


def test_every_difference_stands_under_the_name_of_its_augmentation():
    gains = {BASELINE: 0.0, "Label softening": 0.01, "E-Mixup": 0.02, "Soft E-Mixup": 0.03, "E-Stitchup": 0.04}
    table = table_of({name: [0.5 + gain, 0.6 + gain, 0.7 + gain] for name, gain in gains.items()})
    for claim in CLAIMS[1:]:
        table[claim.measure] = 0.5
    header, _, first, *_ = (line.split(" | ") for line in full_table(table).splitlines())
    shown = {
        name.strip(" |"): float(cell.strip(" |*").split(" ")[0])
        for name, cell in zip(header[3:], first[3:], strict=True)
    }
    assert shown == pytest.approx({name: 100 * gain for name, gain in gains.items() if name != BASELINE})


def sweep_of(auroc: dict[float, list[float]], mix: str = "none") -> pd.DataFrame:
    """Return a sweep of one set: the validation AUROC of each seed, by ε."""
    rows = [
        {"head": "mlp", "mix": mix, "alpha": 0.1, "share": 1.0, "epsilon": epsilon, "set": "one", "seed": seed}
        | {"validation_auroc": value, "ece": epsilon, "scaled_ece": 0.0}
        for epsilon, values in auroc.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_an_epsilon_for_few_texts_is_held_against_the_apps_by_pairs() -> None:
    base = [0.80, 0.90, 0.70, 0.85]
    gains = {0.1: (0.0, 0.0, 0.0, 0.0), 0.05: (0.02, 0.021, 0.02, 0.019), 0.2: (-0.02, 0.02, -0.021, 0.022)}
    rows = [
        {"texts_a_class": 10, "cell": "Label softening", "epsilon": epsilon, "set": "one", "seed": seed}
        | dict.fromkeys(("validation_accuracy", "validation_auroc", "accuracy", "auroc"), start + gain)
        for epsilon, own in gains.items()
        for seed, (start, gain) in enumerate(zip(base, own, strict=True))
    ]
    table = pd.DataFrame(rows)
    found = few_differences(table).set_index("epsilon")["validation_auroc"]
    assert found[0.05].mean == pytest.approx(0.02)
    assert found[0.05].clear
    assert not found[0.2].clear
    told = few_sentence(table)
    assert "ε = 0.05 is clearly better in 2 and clearly worse in 0 of 2; ε = 0.2 is clearly better in 0" in told


def test_softening_is_compared_by_pairs_and_its_gain_is_a_share_of_the_best() -> None:
    best = [0.80, 0.90, 0.70, 0.85]
    table = sweep_of(
        {
            0.0: [
                value - gap for value, gap in zip(best, (0.010, 0.011, 0.010, 0.009), strict=True)
            ],  # less everywhere
            0.1: [value + gap for value, gap in zip(best, (0.010, -0.012, -0.010, 0.008), strict=True)],  # now this way
            0.2: best,
        }
    )
    found = softening(table, Mix.NONE, alpha=0.4)
    assert found["mean"].tolist() == pytest.approx([-0.01, -0.001, 0])
    assert found["gain"].tolist() == pytest.approx([0, 0.9, 1])
    assert found.loc[0.0, "high"] < 0 < found.loc[0.1, "high"]
