"""`python -m groupadd`: the command line."""

import sys

from groupadd.cli import main

if __name__ == "__main__":
    sys.exit(main())
