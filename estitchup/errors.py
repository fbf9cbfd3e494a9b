"""The one exception that is meant to be read by a person."""


class EstitchupError(Exception):
    """Say in one sentence what is wrong, naming the value, the limit and the fix.

    The app shows the sentence, the command line prints it; neither shows a traceback.
    """


NOT_ENOUGH_MEMORY = "There is not enough memory: choose fewer seeds, a smaller head or fewer texts."
