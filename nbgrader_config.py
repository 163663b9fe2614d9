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

# `python -m cnnkit grade` is quicker, and says more. But nbgrader's own command, and the button of
# its formgrader, keep students' code in the same sandbox, and the tests out of it.
c.Autograde.sanitize_preprocessors = [
    "cnnkit.grading.preprocessors.Repair",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "cnnkit.grading.preprocessors.Judge",
    "cnnkit.grading.preprocessors.KeepRecords",
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

# And it asks no other server for anything, nor runs a script that came in a submission.
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {
    "clean_html": "cnnkit.grading.preprocessors.clean_html",
    "markdown2html": "cnnkit.grading.preprocessors.markdown_to_html",
}
c.HTMLExporter.extra_template_basedirs = [
    str(Path(cnnkit.__file__).parent / "grading" / "templates"),
    str(Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"),
]
