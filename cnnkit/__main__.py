"""Run ``python -m cnnkit``."""

from cnnkit.cli import main

raise SystemExit(main())
