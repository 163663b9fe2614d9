"""What a learner's copy of the course has of grading: points without a gradebook.

``cells`` says what a test cell is and how it is named, ``records`` reads what it tells programs,
``check`` runs a notebook and reports its points.
"""

import sys

# jsonschema, which nbformat stands on, asks for it and does without it: it builds a grammar of
# internet addresses, for three seconds, and no notebook has an address to check.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
