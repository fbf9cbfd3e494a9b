import io
import zipfile

import pandas as pd
import pytest
from conftest import FORMULA
from lxml import etree
from PIL import Image

from estitchup.report import figures
from estitchup.report.content import Report
from estitchup.report.figures import csv


def test_tables_hold_full_precision(report: Report) -> None:
    table = next(own for own in report.tables if own.name == "scores")
    read = pd.read_csv(io.BytesIO(csv(table)))
    assert read["accuracy_mean"].tolist() == [row["accuracy_mean"] for row in table.exact]
    assert read["augmentation"].tolist() == [row["augmentation"] for row in table.exact]


def test_a_class_that_looks_like_a_formula_does_not_run_in_a_spreadsheet(report: Report) -> None:
    tables = [csv(own).decode("utf-8-sig") for own in report.tables if own.name.startswith(("classes", "texts"))]
    assert any(f"'{FORMULA}" in text for text in tables)
    assert not any(f",{FORMULA}" in text or f"\n{FORMULA}" in text for text in tables)


def test_without_a_browser_the_tables_come_with_a_note(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "BROWSERS", ())
    archive = zipfile.ZipFile(io.BytesIO(figures.figures(report)))
    assert {name.split("/")[0] for name in archive.namelist()} == {"tables", "README.txt"}
    assert len(archive.namelist()) == len(report.tables) + 1


@pytest.mark.browser
@pytest.mark.skipif(figures.browser() is None, reason="no Chromium or Chrome")
def test_charts_are_drawn_as_svg_and_png(report: Report) -> None:
    small = Report(report.title, "", "", "", tuple(own for own in report.panels if own.key == "accuracy"))
    archive = zipfile.ZipFile(io.BytesIO(figures.figures(small)))
    svg = etree.fromstring(archive.read("figures/accuracy-differences.svg"))
    assert svg.tag.endswith("svg")
    assert "Soft" in etree.tostring(svg).decode() or "E-Stitchup" in etree.tostring(svg).decode()
    picture = Image.open(io.BytesIO(archive.read("figures/accuracy-differences.png")))
    assert picture.width == figures.WIDTH * figures.SCALE
