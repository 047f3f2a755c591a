"""``python -m musegen`` hands over to `apps.command`."""

import sys

from apps.command import main

if __name__ == "__main__":
    sys.exit(main())
