"""`python -m gui` opens the window."""

import multiprocessing
import sys

if __name__ == "__main__":
    multiprocessing.freeze_support()  # first of all: a frozen build's children begin here too
    from gui.app import run

    sys.exit(run())
