"""The HTML file as text; in a browser it is driven by tests/browser/test_report.py."""

import base64
import hashlib
import json
import re
import time

from conftest import ARABIC, FORMULA, HARM
from lxml import html

from estitchup.outcomes import SHARES, percent
from estitchup.report.content import Report
from estitchup.report.page import page, script_json


def document(report: Report) -> html.HtmlElement:
    return html.document_fromstring(page(report))


def test_texts_of_people_stand_there_word_for_word_and_make_no_element(report: Report) -> None:
    parsed = document(report)
    assert parsed.findtext(".//h1") == f"{ARABIC} **bold** {HARM}"
    assert [paragraph.text for paragraph in parsed.find_class("remarks")] == ["First line\nsecond line", HARM, FORMULA]
    assert not parsed.xpath("//img | //*[@onerror]")
    assert len(parsed.xpath("//script")) == 3
    assert all(node.get("dir") == "auto" for node in parsed.xpath("//h1 | //td"))
    assert HARM in "".join(parsed.xpath("//td//text()"))


def test_only_the_two_scripts_of_the_page_may_run(report: Report) -> None:
    parsed = document(report)
    policy = parsed.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    scripts = [script.text for script in parsed.xpath("//script[not(@type)]")]
    digests = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts}
    assert set(re.findall("'sha256-([^']+)'", policy)) == digests
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-inline" not in policy.split("style-src")[0]


def test_nothing_is_fetched(report: Report) -> None:
    outside = document(report).xpath("//@src | //link/@href | //*[@style]/@style")
    assert not [place for place in outside if "//" in place]


def test_json_for_a_script_holds_nothing_that_html_reads() -> None:
    words = script_json({"text": f"{HARM}<!-- & \u2028"})
    assert not re.search("[<>&\u2028]", words)
    assert json.loads(words)["text"] == f"{HARM}<!-- & \u2028"


def test_every_thousandth_has_the_librarys_numbers(report: Report) -> None:
    material = json.loads(document(report).get_element_by_id("material").text)
    cuts = [cut for panel in report.panels for cut in panel.cuts]
    assert len(material["cuts"]) == len(cuts) == 3
    for cut, written in zip(cuts, material["cuts"], strict=True):
        for thousandth in (0, 1, 250, 333, 487, 500, 640, 999, 1000):
            outcomes = cut.classifier.outcomes(thousandth / 1000)
            for share, tenths in zip(SHARES, written["tenths"], strict=True):
                said = "–" if tenths[thousandth] is None else f"{tenths[thousandth] / 10:.1f}%"
                assert said == percent(getattr(outcomes, share))
            accepted, right, let_in = (counts[thousandth] for counts in written["counts"])
            assert accepted == sum(own.known_accepted for own in outcomes.seeds)
            assert right == sum(own.accepted_right for own in outcomes.seeds)
            assert let_in == sum(own.unknown_accepted for own in outcomes.seeds)


def test_the_page_is_made_within_three_seconds_of_processor_time(report: Report) -> None:
    page(report)
    start = time.process_time()
    page(report)
    assert time.process_time() - start < 3
