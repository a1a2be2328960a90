"""``python -m htvae`` is the ``htvae`` command."""

import sys

from htvae.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
