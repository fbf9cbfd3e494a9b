"""The study behind docs/study.md: `make study`. What is finished is kept, so that a stopped study goes on.

python -m benchmarks.study [--sets CLINC150 BANKING77 …] [--folder FOLDER] [--out docs]
"""

import argparse
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import torch

from benchmarks.study.claims import claims
from benchmarks.study.few import few
from benchmarks.study.kept import Kept
from benchmarks.study.labelling import labelling
from benchmarks.study.open_intent import open_intent
from benchmarks.study.rivals import rivals
from benchmarks.study.sets import SPECS, LabelledSet, load_sets
from benchmarks.study.speed import budgets, epoch_costs
from benchmarks.study.sweep import sweep
from benchmarks.study.write import write_short_form, write_study
from estitchup.workspace import Workspace

DOCS, README = Path("docs"), Path("README.md")
LARGE = 5_000  # training rows below which sweeps and rivals say too little


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sets", nargs="*", default=list(SPECS), choices=list(SPECS))
    parser.add_argument("--folder", type=Path, help="where finished pieces are kept; the workspace by default")
    parser.add_argument("--out", type=Path, default=DOCS)
    options = parser.parse_args()
    workspace = Workspace()
    kept = Kept(options.folder or workspace.root / "study")
    sets, missing = load_sets(workspace, options.sets)
    for line in (machine(), *missing):
        print(line)
    if not any(is_large(one) for one in sets):
        raise SystemExit(f"None of these sets has {LARGE:,} training texts, which the page's sweeps need.")
    tables = compute(sets, kept)
    write_study(tables, [machine(), *missing], options.out)
    if README.is_file() and options.out == DOCS:
        write_short_form(tables["claims"], README)


def compute(sets: list[LabelledSet], kept: Kept) -> dict[str, pd.DataFrame]:
    """Return every table of the study by name."""
    large = [one for one in sets if is_large(one)]
    pieces = {
        "claims": [claims(one, kept) for one in sets],
        "budgets": [budgets(one, kept) for one in large],
        "sweep": [sweep(one, kept) for one in large],
        "few": [few(one, kept) for one in large],
        "rivals": [rivals(one, kept) for one in large],
        "open_intent": [open_intent(one, kept) for one in large],
        "labelling": [labelling(one, kept) for one in large if one.has_out_of_scope],  # the pool holds some
        "costs": [epoch_costs(one, kept) for one in large],  # last: the only piece that a busy machine would change
    }
    return {name: pd.concat(tables, ignore_index=True) for name, tables in pieces.items() if tables}


def is_large(one: LabelledSet) -> bool:
    """Return whether a set has enough training texts for sweeps, rivals and open intent detection."""
    return len(one.data.targets) >= LARGE


def machine() -> str:
    """Return where and with which versions the study ran."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("estitchup", "torch", "numpy", "scikit-learn"))
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    threads = f"{torch.get_num_threads()} threads of {processor()}"
    return f"{threads}; Python {platform.python_version()}, {packages}{f', commit {commit}' if commit else ''}."


def processor() -> str:
    """Return the processor's name as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
