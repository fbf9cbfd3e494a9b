"""Open intent detection beside the best published figures, or on a labelled file of your own.

    python benchmarks/open_intent.py [--draws 10]
    python benchmarks/open_intent.py --data FILE --text COLUMN --label COLUMN

The protocol is in benchmarks/study/open_intent.py. Without a file: CLINC150 and BANKING77.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that it runs as a script, too

from benchmarks.study.kept import Kept
from benchmarks.study.open_intent import DRAWS, open_intent
from benchmarks.study.sets import LabelledSet, load_sets
from benchmarks.study.write import open_intent_sentence, open_intent_table
from estitchup.corpus import CorpusSpec, load_corpus
from estitchup.encoding import DEFAULT_ENCODER
from estitchup.errors import EstitchupError
from estitchup.experiment import embed_corpus
from estitchup.workspace import Workspace


def own_set(workspace: Workspace, data: Path, text: str, label: str) -> LabelledSet:
    """Read and embed a file; validation and test rows are drawn."""
    spec = CorpusSpec(file=str(data.resolve()), text_column=text, label_column=label)
    corpus = load_corpus(spec)
    with workspace.vectors() as store:
        return LabelledSet(data.stem, corpus, embed_corpus(corpus, DEFAULT_ENCODER, store=store)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--text", default="text")
    parser.add_argument("--label", default="label")
    parser.add_argument("--draws", type=int, default=DRAWS)
    options = parser.parse_args()
    workspace = Workspace()
    try:
        if options.data:
            sets, missing = [own_set(workspace, options.data, options.text, options.label)], list[str]()
        else:
            sets, missing = load_sets(workspace, ["CLINC150", "BANKING77"])
        print("\n".join(missing))
        with tempfile.TemporaryDirectory() as folder:
            tables = [open_intent(one, Kept(Path(folder)), options.draws) for one in sets]
    except EstitchupError as error:
        sys.exit(str(error))
    if tables:
        table = pd.concat(tables, ignore_index=True)
        print(open_intent_table(table), open_intent_sentence(table), sep="\n\n")


if __name__ == "__main__":
    main()
