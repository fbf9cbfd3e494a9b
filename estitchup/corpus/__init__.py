"""Texts in: read a table, guess its columns, and make a corpus whose rows have one role each."""

from estitchup.corpus.build import FEWEST_ROWS, build_corpus, load_corpus
from estitchup.corpus.columns import ColumnGuess, guess_columns, guess_unknown_labels
from estitchup.corpus.corpus import Corpus
from estitchup.corpus.files import SAMPLE, Loaded, path_of
from estitchup.corpus.guess import described, guess_first, guess_further, guess_spec, guess_use, labels_in
from estitchup.corpus.reading import A_TEXT_A_LINE, COMMON, Found, Look, Reading, look_at, read_table
from estitchup.corpus.roles import Role
from estitchup.corpus.spec import CorpusSpec, FileSpec, Use, is_array_file
from estitchup.corpus.split import normalised

__all__ = [
    "A_TEXT_A_LINE",
    "COMMON",
    "FEWEST_ROWS",
    "SAMPLE",
    "ColumnGuess",
    "Corpus",
    "CorpusSpec",
    "FileSpec",
    "Found",
    "Loaded",
    "Look",
    "Reading",
    "Role",
    "Use",
    "build_corpus",
    "described",
    "guess_columns",
    "guess_first",
    "guess_further",
    "guess_spec",
    "guess_unknown_labels",
    "guess_use",
    "is_array_file",
    "labels_in",
    "load_corpus",
    "look_at",
    "normalised",
    "path_of",
    "read_table",
]
