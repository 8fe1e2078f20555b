"""One module for each command in ``setup/``."""
