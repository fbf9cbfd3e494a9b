"""What a corpus is like: sizes, lengths, scripts, repetitions, and what may be wrong with its labels."""

from estitchup.corpus.profile.finding import Example, Finding, Severity
from estitchup.corpus.profile.profile import NEAR, Profile, profile_of
from estitchup.corpus.profile.tokens import count_tokens

__all__ = ["NEAR", "Example", "Finding", "Profile", "Severity", "count_tokens", "profile_of"]
