"""From recordings to datasets in published formats, complete or absent, and the checks of such datasets."""
