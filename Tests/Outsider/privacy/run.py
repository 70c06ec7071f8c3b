#!/usr/bin/env python3
"""Proof from outside that Lathe's privacy ledger is true; see README.md.

    LATHE_BINARY=path/to/lathe run.py [--long] [NAME...]     NAME: only checks whose name holds it
"""

import sys

import history  # noqa: F401 - importing registers the checks
import policy  # noqa: F401
import audit  # noqa: F401
import canary  # noqa: F401
import storm  # noqa: F401
import outliving  # noqa: F401
import figures  # noqa: F401
from kit import run_all

sys.exit(run_all([word for word in sys.argv[1:] if not word.startswith("--")]))
