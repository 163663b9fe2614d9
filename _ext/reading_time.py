"""How long a page takes: counted by the build, so that the page cannot promise less.

The opening of a chapter says `**Time:** about 45 minutes`; the number is replaced by what
`pages.minutes` counts. A test tells when the one that JupyterLab shows, in the file, is another.
"""

import re

from pages import minutes

SAID = re.compile(r"(\*\*Time:\*\* about )\d+(?= minutes)")


def count(app, docname, source):
    """Write the time into the opening of the page."""
    if SAID.search(source[0]):
        source[0] = SAID.sub(rf"\g<1>{minutes(source[0])}", source[0], count=1)


def setup(app):
    app.connect("source-read", count)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
