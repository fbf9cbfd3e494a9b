"""How long does a simulated labelling campaign take, and what does it save? CLINC150, all strategies, five seeds.

    python benchmarks/simulation.py [--cell "Soft E-Stitchup"]

A quarter of the classes is absent at the start. docs/study.md tells what came of it.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that it runs as a script, too

from benchmarks.study.labelling import CELLS, labelling_tables, savings_of, spec_of
from benchmarks.study.sets import load_sets
from estitchup.simulation import LabelledTexts, simulate
from estitchup.workspace import Workspace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cell", action="append", choices=CELLS, help="only this one")
    options = parser.parse_args()
    sets, missing = load_sets(Workspace(), ["CLINC150"])
    if not sets:
        sys.exit("\n".join(missing))
    texts = LabelledTexts.of(sets[0].corpus, sets[0].vectors)
    for cell in options.cell or CELLS:
        started = time.process_time()
        result = simulate(spec_of(sets[0], cell), texts)
        spent = time.process_time() - started
        print(f"{result.seconds:.0f} s, {spent:.0f} s of a processor\n")
        print(labelling_tables(savings_of(result).assign(set=sets[0].name)), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
