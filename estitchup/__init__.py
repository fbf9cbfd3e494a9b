"""estitchup: does embedding augmentation help on your texts? See README.md."""

__version__ = "0.1.0"
