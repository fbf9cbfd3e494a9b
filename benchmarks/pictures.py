"""Take the README's pictures: the Threshold page on the sample, light and dark.

python -m benchmarks.pictures [--out docs/pictures]
"""

import argparse
import shutil
from pathlib import Path
from typing import Literal

from playwright.sync_api import sync_playwright

from benchmarks.browser import ARGUMENTS, SECONDS, served

WIDTH, HEIGHT = 1440, 1160  # down to the figures below the histograms
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for scheme in SCHEMES:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)
            page.goto(f"{address}/threshold")
            page.locator(".panel .handle").nth(1).wait_for(timeout=SECONDS)
            page.wait_for_timeout(3000)  # the charts come in
            page.screenshot(path=folder / f"threshold-{scheme}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
