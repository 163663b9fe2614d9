"""Ways out of a page: its notebook to download, services that run it, its source to mend.

Each chapter has its notebook in the site, without outputs, and the course's package as a wheel
beside it; the theme's list of downloads offers both. Where `_config.yml` names the public
repository, `repository_url`, pages have the theme's links to suggest an edit and to open an issue,
too, and a chapter that needs PyTorch, so that it cannot run in the page, has links to services that
run it. Unset, there is none of them.
"""

import json
import re
import shutil
import tempfile
from pathlib import Path

import jupytext
import nbformat
from hatchling.builders.wheel import WheelBuilder
from live.notebooks import LINK, elsewhere, exercises, finished, is_live, numbered
from pages import ROOT, chapters

PLACE = "_sources/chapters"  # where the theme looks for what can be downloaded
BRANCH = "notebooks"  # on which publish.yml puts them: Colab and Kaggle open files of a repository
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
RECORDS = "../benchmarks/results"
INSTALL = """\
# A chapter of "From One Pixel" as a notebook. It needs the course's package: where that is
# missing, this cell installs it{where}.
from importlib.util import find_spec

if find_spec("cnnkit") is None:
    %pip install -q "{package}"
"""
UNPACK = """\
# The measured runs that this chapter reads, as the course recorded them.
import json
from pathlib import Path

Path("records").mkdir(exist_ok=True)
for name, record in json.loads(r'''
{records}
''').items():
    Path("records", name).write_text(json.dumps(record))
"""
SERVICES = {
    "Colab": "https://colab.research.google.com/github/{name}/blob/" + BRANCH + "/{page}.ipynb",
    "Kaggle": "https://kaggle.com/kernels/welcome?src=https://github.com/{name}/blob/"
    + BRANCH
    + "/{page}.ipynb",
    # Its home is the repository, whose `.jupyter` lets JupyterLab open a chapter as a notebook.
    "Binder": "https://mybinder.org/v2/gh/{name}/{branch}?urlpath=lab/tree/chapters/{page}.md",
}
GITHUB = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?")
RUN = '<p class="course-live course-elsewhere"><span>Needs PyTorch. Run it at</span> {links}</p>'


def wheel(folder):
    """Write the course's package into a folder, the same bytes each time; its path.

    It is for learners: a teacher's tools stay in the course's own copy.
    """
    builder = WheelBuilder(str(ROOT))
    builder.target_config["exclude"] = ["/cnnkit/grading"]
    with tempfile.TemporaryDirectory() as made:
        (path,) = builder.build(directory=made, versions=["standard"])
        return Path(shutil.copy(path, folder))


def package(config, extras, filename):
    """What pip is told: the package from the repository, or the wheel that the site holds."""
    if repository := config.html_theme_options["repository_url"]:
        branch = config.html_theme_options["repository_branch"]
        return f"cnnkit[{extras}] @ git+{repository}@{branch}"
    if address := site(config):
        return f"cnnkit[{extras}] @ {address}{PLACE}/{filename}"
    return f"./{filename}[{extras}]"


def site(config):
    """The public address of the site with a slash at its end, or nothing."""
    return f"{config.html_baseurl.rstrip('/')}/" if config.html_baseurl else ""


def chapter(path, config, filename):
    """The bytes of a chapter as a notebook to take away, whose links lead somewhere."""
    notebook = jupytext.read(path)
    address = site(config)
    away = {other.stem for other in chapters()}

    def follow(match):
        words, place, anchor = match.groups()
        page = (path.parent / f"{place}.md").resolve().relative_to(ROOT.resolve())
        if address:
            return f"[{words}]({address}{page.with_suffix('.html').as_posix()}{anchor or ''})"
        return f"[{words}]({page.stem}.ipynb)" if page.stem in away else words

    recorded = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(follow, cell.source)
        elif RECORDS in cell.source:
            cell.source, recorded = cell.source.replace(RECORDS, "records"), True
    extras = "data,keras,widgets" if elsewhere(notebook.cells) else "data,widgets"
    told = package(config, extras, filename)
    where = (
        "" if not told.startswith("./") else "\n# from its wheel, which lies beside the notebook"
    )
    before = [nbformat.v4.new_code_cell(INSTALL.format(where=where, package=told).strip())]
    if recorded:
        found = {
            file.name: json.loads(file.read_text("utf8"))
            for pattern in ("train_*.json", "gpu_*.json")
            for file in sorted(ROOT.glob(f"benchmarks/results/{pattern}"))
        }
        before.append(nbformat.v4.new_code_cell(UNPACK.format(records=json.dumps(found)).strip()))
        before[-1].metadata = nbformat.from_dict({"jupyter": {"source_hidden": True}})
    notebook.cells = before + notebook.cells
    return finished(numbered(notebook), KERNEL)


def with_buttons(app, config):
    """Let the theme link to the repository, where there is one."""
    options = config.html_theme_options
    options["use_edit_page_button"] = bool(options["repository_url"])
    options["use_issues_button"] = bool(options["repository_url"])


def write(app):
    """Write all notebooks and the wheel before the pages, which offer them."""
    app.taken_away = {}
    if app.builder.format != "html":
        return
    folder = Path(app.outdir, PLACE)
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.parent.rglob("*.ipynb"), *folder.glob("*.whl")]:
        old.unlink()
    filename = wheel(folder).name
    for path in chapters():
        (folder / f"{path.stem}.ipynb").write_bytes(chapter(path, app.config, filename))
        app.taken_away[f"chapters/{path.stem}"] = filename
    for name, content in exercises().items():
        target = Path(app.outdir, "_sources", name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def offer_exercise(app, pagename, templatename, context, doctree):
    """Where a page names an exercise that does not run in the page, let it be downloaded."""
    if "body" not in context:
        return
    for name in exercise_names(app):
        code = rf'<code[^>]*><span class="pre">{re.escape(name)}</span></code>'
        place = context["pathto"](f"_sources/{name}", 1)
        link = rf'<a href="{place}" download>\g<0></a>'
        context["body"] = re.sub(code, link, context["body"])


def exercise_names(app):
    live = getattr(app, "live_notebooks", [])
    found = Path(app.outdir, "_sources").glob("exercises/*/*.ipynb")
    names = {path.relative_to(path.parents[2]).as_posix() for path in found}
    return sorted(names - set(live))


def offer(app, pagename, templatename, context, doctree):
    """Name the notebook, for the theme's list of downloads; link to what runs it elsewhere."""
    if pagename not in app.taken_away:
        return
    context["ipynb_source"] = f"{pagename}.ipynb"
    path = ROOT / f"{pagename}.md"
    options = app.config.html_theme_options
    found = GITHUB.fullmatch(options["repository_url"] or "")
    if not found or is_live(path):
        return
    parts = {
        "name": found[1],
        "branch": options["repository_branch"],
        "page": path.stem,
    }
    links = " ".join(
        f'<a class="course-live-button" href="{address.format(**parts)}">{service}</a>'
        for service, address in SERVICES.items()
    )
    context["body"] = context["body"].replace("</h1>", f"</h1>\n{RUN.format(links=links)}", 1)


def offer_wheel(app, pagename, templatename, context, doctree):
    """Put the package into the list, under the notebook that needs it."""
    if pagename not in app.taken_away:
        return
    (group,) = [g for g in context["header_buttons"] if g["label"] == "download-buttons"]
    button = {
        "type": "link",
        "url": context["pathto"](f"{PLACE}/{app.taken_away[pagename]}", 1),
        "text": ".whl",
        "tooltip": "Download the package that the notebook needs",
        "icon": "fas fa-box",
        "label": "download-wheel-button",
    }
    group["buttons"].insert(1, button)


def setup(app):
    app.connect("config-inited", with_buttons)
    app.connect("builder-inited", write)
    app.connect("html-page-context", offer)
    app.connect("html-page-context", offer_exercise)
    app.connect("html-page-context", offer_wheel, priority=502)  # after the theme's own
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
