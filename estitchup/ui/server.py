"""Serve the app: `python -m estitchup.ui.server --port 8501`, which is what `estitchup app` starts.

Streamlit 1.67 finds the folder `pages/` and, until `st.navigation` has run once in the process, takes the app for one
of the old kind: the very first visit, if to `/compare`, shows the right page under a "Page not found" notice
(`PagesManager.uses_pages_directory`). So `app.py` runs once before anybody can visit; the imports are warm then, too.
"""

import argparse
import importlib
import logging
import os
from pathlib import Path

from streamlit.testing.v1 import AppTest
from streamlit.web import cli

APP = Path(__file__).parents[2] / "app.py"
WARM_UP_SECONDS = 600.0  # a run that is given up leaves its runtime behind, and no server can start beside it
PAGES_AHEAD = ("estitchup.ui.comparison_tabs", "estitchup.ui.threshold_panels", "estitchup.ui.threshold_workbench")


def warm_up() -> None:
    """Run the app once without a browser; a page that fails shows so to the visitor, and need not stop the start."""
    bare = logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context")
    bare.disabled = True  # it warns that there is no browser
    try:
        AppTest.from_file(APP, default_timeout=WARM_UP_SECONDS).run()
        for page in PAGES_AHEAD:
            importlib.import_module(page)  # before the first visit, which then sets them aside (`memory.py`)
    finally:
        bare.disabled = False


def main() -> None:
    """Warm up, then serve until stopped."""
    parser = argparse.ArgumentParser(prog="estitchup app")
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--headless", action="store_true", help="do not open a browser")
    arguments = parser.parse_args()
    os.environ |= {  # not as options, which would differ from the settings the warm-up has read
        "STREAMLIT_SERVER_PORT": str(arguments.port),
        "STREAMLIT_SERVER_HEADLESS": str(arguments.headless).lower(),
        "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
    }
    warm_up()
    cli.main(["run", str(APP)], prog_name="streamlit")


if __name__ == "__main__":
    main()
