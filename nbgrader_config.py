"""What nbgrader reads when it is started in this folder.

That is, by `python -m cnnkit grade 01-pixels`, or by hand: `nbgrader autograde 01-pixels`.
CONTRIBUTING.md says how an exercise is written.
"""

from pathlib import Path

import nbgrader

import cnnkit

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "cnn"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
# nbgrader copies every other file of solutions/NN-name/ to the students: never the source.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", "*.md"]

# A cell that hangs is stopped; each part of a test cell has a time limit of its own besides.
c.Execute.timeout = 300
# What a notebook and its kernel tell each other is nobody else's business on a shared machine.
c.KernelManager.transport_encryption = "auto"

# An honest warning on stderr is no mistake: plain nbgrader gives the whole cell no point for it.
# And a mark is what the record of a test says: plain nbgrader takes any value, and silence for all.
c.Autograde.autograde_preprocessors = [
    "nbgrader.preprocessors.Execute",
    "cnnkit.grading.preprocessors.DropStderr",
    "cnnkit.grading.preprocessors.KeepRecords",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# Feedback shows neither the source of hidden tests nor a traceback that quotes it.
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "nbgrader.preprocessors.ClearHiddenTests",
    "cnnkit.grading.preprocessors.ShortenTracebacks",
    "cnnkit.grading.preprocessors.ShowRecords",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]

# And it asks no other server for anything.
c.HTMLExporter.extra_template_basedirs = [
    str(Path(cnnkit.__file__).parent / "grading" / "templates"),
    str(Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"),
]
