"""What a learner's copy of the course has of grading: points without a gradebook.

``cells`` says what a test cell is and how it is named, ``records`` reads what it tells programs,
``check`` runs a notebook and reports its points.
"""
