"""Jobs: which scenes to make, the Ray farm that makes them, the folder that holds them, the ``longtail`` command."""


class JobError(Exception):
    """A job cannot go on; the message says why and what to do."""
