"""From solutions/ to exercises/, to marks and to feedback.

``source`` turns ``solutions/NN-name/name.md`` into a notebook, ``course`` runs nbgrader on it,
``bundle`` packs what students get, ``leaks`` searches that for solutions and hidden tests,
``study`` checks a notebook without a gradebook, ``preprocessors`` are what nbgrader_config.py adds.
"""
