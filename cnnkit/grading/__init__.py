"""From solutions/ to exercises/, to marks and to feedback: what a teacher has, and no student.

``source`` turns ``solutions/NN-name/name.md`` into a notebook. ``course`` hands nbgrader's work out
to the processes of ``workers``, which do its ``steps``; ``preprocessors`` are what
nbgrader_config.py adds to them. ``bundle`` packs what students get, ``leaks`` searches that for
solutions and hidden tests.
"""

import cnnkit.study  # noqa: F401  # before all that imports nbformat
