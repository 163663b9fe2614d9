"""One stylesheet for all pages, of the rules that they use, and the book's own typefaces.

The theme and its extensions send nine stylesheets, over 400 KB, and a page waits for each of them.
They are joined, and PurgeCSS leaves out what no page and no script names. Formulas keep their own,
which only goes where there are some.
"""

import hashlib
import json
import posixpath
import re
import shutil
from pathlib import Path

from node import MODULES, Node

# In the order in which a page would name them; the last wins.
PARTS = (
    "basic.css",  # which styles/theme.css imports
    "styles/pydata-sphinx-theme.css",
    "pygments.css",
    "styles/sphinx-book-theme.css",
    "togglebutton.css",
    "copybutton.css",
    "mystnb.*.css",
    "sphinx-design.min.css",
    "course.css",
)
SHEETS = "|".join(
    re.escape(part).replace(r"\*", r"\w+") for part in (*PARTS, "styles/theme.css", "book.css")
)
NAMED = re.compile(rf'\s*<link [^>]*?href="(?P<place>[^"]*?_static/)(?:{SHEETS})[^>]*>')
# The typefaces of reading and of headings are asked for at once; a page that would have to wait is
# set in others and stays so, and nothing moves under a reader's eyes.
FACES = {
    "source-serif-4-latin-400-normal": ("Source Serif 4", "optional"),
    "inter-latin-700-normal": ("Inter Bold", "optional"),
    "source-serif-4-latin-400-italic": ("Source Serif 4", "swap"),
    "source-serif-4-latin-700-normal": ("Source Serif 4", "swap"),
}
# Asked for here, they come while the style does. From a folder, a page may ask for none so early.
EARLY = (
    '<script>/* typefaces */if(location.protocol!=="file:")for(const n of %s)'
    'document.head.append(Object.assign(document.createElement("link"),'
    '{rel:"preload",as:"font",crossOrigin:"",'
    "href:`${document.documentElement.dataset.content_root}_static/fonts/${n}.woff2`}))</script>"
)
PURGE = """
const { PurgeCSS } = require(process.argv[1]);
require("readline").createInterface({ input: process.stdin }).on("line", async (line) => {
  const [raw, content] = JSON.parse(line);
  const [found] = await new PurgeCSS().purge({ css: [{ raw }], content });
  console.log(JSON.stringify(found.css));
});
"""


def joined(static):
    """All parts as one text, whose addresses start from `_static`."""
    texts = []
    for pattern in PARTS:
        for path in static.glob(pattern):
            here = path.parent.relative_to(static).as_posix()
            text = re.sub(r'@charset "[^"]*";', "", path.read_text("utf8"))

            def moved(match, here=here):
                return f"url({posixpath.normpath(posixpath.join(here, match[1]))}{match[2] or ''})"

            outside = r"url\([\"']?(?!data:|https?:|#|/)([^\"')?#]+)([?#][^\"')]*)?[\"']?\)"
            texts.append(re.sub(outside, moved, text))
    return "\n".join([*texts, *faces()])


def faces():
    """The rules that bring the typefaces."""
    for name, (family, display) in FACES.items():
        _, weight, style = name.rsplit("-", 2)
        yield (
            f'@font-face{{font-family:"{family}";font-weight:{weight};font-style:{style};'
            f'font-display:{display};src:url(fonts/{name}.woff2) format("woff2")}}'
        )


def finish(app, exception):
    """Write the stylesheet, and let each page name it in place of its parts."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    static = out / "_static"
    (static / "fonts").mkdir(exist_ok=True)
    for name in FACES:
        package = name.partition("-latin-")[0]
        shutil.copy(MODULES / "@fontsource" / package / "files" / f"{name}.woff2", static / "fonts")
    pages = sorted(out.rglob("*.html"))
    script = str(MODULES / "purgecss")
    purge = Node(["-e", PURGE, script], "purgecss", "the pages' style is made")
    scripts = sorted(static.rglob("*.js"))
    css = purge.ask([joined(static), [str(path) for path in [*pages, *scripts]]])
    purge.stop()
    (static / "book.css").write_text(css, "utf8")
    version = hashlib.sha256(css.encode()).hexdigest()[:8]
    for page in pages:
        html = page.read_text("utf8")
        page.write_text(with_one_style(html, version), "utf8")


def with_one_style(html, version):
    """A page that names the one stylesheet, and asks at once for the typefaces of reading."""
    found = list(NAMED.finditer(html))
    if not found:
        return html
    place, last = found[-1]["place"], found[-1].end()
    link = f'<link rel="stylesheet" href="{place}book.css?v={version}">'
    head = re.sub(r"\s*<script>/\* typefaces.*?</script>", "", NAMED.sub("", html[:last]))
    names = json.dumps([name for name, (_, display) in FACES.items() if display == "optional"])
    return f"{head}\n    {EARLY % names}\n    {link}{html[last:]}"


def setup(app):
    app.connect("build-finished", finish, priority=910)  # after light_pages
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
