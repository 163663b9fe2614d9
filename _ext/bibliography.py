"""The bibliography: labels that read as the pages cite, and an anchor for each entry.

A page cites with a plain link, which JupyterLab shows as well as the site does:
`[He et al. 2016](../appendices/bibliography.md#he2016)`. A key that has no entry is a warning, and
a warning stops the build.
"""

from pybtex.plugin import register_plugin
from pybtex.style.formatting.alpha import Style
from pybtex.style.labels import BaseLabelStyle


def label(entry):
    """An entry's own `shorthand` (ELI5), or its authors and year."""
    if "shorthand" in entry.fields:
        return entry.fields["shorthand"]
    names = [" ".join(person.last_names) for person in entry.persons["author"]]
    who = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
    return f"{who} {entry.fields['year']}"


class Labels(BaseLabelStyle):
    def format_labels(self, sorted_entries):
        return map(label, sorted_entries)


class CourseStyle(Style):
    default_label_style = Labels


def name_entries(app, env):
    """Let Markdown links find the entries, as they find headings."""
    for citation in env.get_domain("cite").citations:
        anchors = env.metadata[citation.bibliography_key.docname].setdefault("myst_slugs", {})
        anchors[citation.key] = (0, citation.citation_id, citation.key)


def setup(app):
    register_plugin("pybtex.style.formatting", "course", CourseStyle)
    app.connect("env-updated", name_entries, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
