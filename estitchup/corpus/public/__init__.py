"""Public sets of texts by name: fetched once from their public homes, checked, and kept."""

from estitchup.corpus.public.fetch import Download
from estitchup.corpus.public.find import DATA_FOLDER, is_at_hand, public_file
from estitchup.corpus.public.sets import PUBLIC_SETS, PublicSet

__all__ = ["DATA_FOLDER", "PUBLIC_SETS", "Download", "PublicSet", "is_at_hand", "public_file"]
