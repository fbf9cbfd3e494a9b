"""Texts in: read a table, guess its columns, and make a corpus whose rows have one role each."""

from estitchup.corpus.build import FEWEST_ROWS, SAMPLE, build_corpus, load_corpus
from estitchup.corpus.columns import ColumnGuess, guess_columns, guess_unknown_labels
from estitchup.corpus.corpus import Corpus
from estitchup.corpus.read import read_table
from estitchup.corpus.roles import Role
from estitchup.corpus.spec import CorpusSpec
from estitchup.corpus.split import normalised

__all__ = [
    "FEWEST_ROWS",
    "SAMPLE",
    "ColumnGuess",
    "Corpus",
    "CorpusSpec",
    "Role",
    "build_corpus",
    "guess_columns",
    "guess_unknown_labels",
    "load_corpus",
    "normalised",
    "read_table",
]
