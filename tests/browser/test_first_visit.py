"""The very first visit after a start, which nobody has warmed up but the server itself."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_the_first_visit_to_a_deep_link_opens_the_page_and_nothing_else(server: str, page: Page) -> None:
    page.goto(f"{server}/compare")
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible()
    expect(page.locator('[data-testid="stApp"]')).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_text("Page not found")).to_have_count(0)
    expect(page.get_by_role("alert").filter(has_text="not found")).to_have_count(0)
    expect(page.get_by_role("link", name="Train")).to_be_visible()


@pytest.mark.parametrize("width", [390])
def test_no_page_scrolls_sideways_on_a_telephone(server: str, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    for path, title in (("", "Data"), ("train", "Train"), ("compare", "Compare")):
        page.goto(f"{server}/{path}")
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
