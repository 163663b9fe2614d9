"""Compile the modules in each archive of `/archives`. Pyodide runs this; `compile.js` calls it.

A page would compile each module whenever it starts, for seconds. The course's own wheel keeps its
text, too, which tracebacks show; of all others the compiled half is enough.
"""

import importlib._bootstrap_external as imports
import importlib.util
import io
import zipfile
from pathlib import Path

HOME = {"python_stdlib.zip": "/lib/python312.zip"}  # where an archive's files will lie
SITE = "/lib/python3.12/site-packages"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same bytes each time


def compiled(text, place):
    code = compile(text, place, "exec", dont_inherit=True)
    return bytes(imports._code_to_hash_pyc(code, importlib.util.source_hash(text), checked=False))


def files(path):
    """Each file of an archive as it is to be: its name, and what is in it."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            if not name.endswith(".py"):
                yield name, content
                continue
            try:
                code = compiled(content, f"{HOME.get(path.name, SITE)}/{name}")
            except SyntaxError:  # a template, or a test of one's own
                yield name, content
                continue
            if path.name.startswith("cnnkit-"):
                yield name, content
                name = importlib.util.cache_from_source(name)[:-1]
            yield f"{name}c", code


for path in sorted(Path("/archives").iterdir()):
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files(path):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)
    path.write_bytes(box.getvalue())
