"""The bibliography's labels: an entry's own `shorthand` (ELI5), else author and year (KSH12)."""

from pybtex.plugin import register_plugin
from pybtex.style.formatting.alpha import Style
from pybtex.style.labels.alpha import LabelStyle


class ShorthandLabels(LabelStyle):
    def format_labels(self, sorted_entries):
        entries = list(sorted_entries)
        for entry, label in zip(entries, super().format_labels(entries), strict=True):
            yield entry.fields.get("shorthand", label)


class CourseStyle(Style):
    default_label_style = ShorthandLabels


def setup(app):
    register_plugin("pybtex.style.formatting", "course", CourseStyle)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
