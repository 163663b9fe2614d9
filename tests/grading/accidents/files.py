"""Accidents of the file: what a download, a mail, a shell or a folder does to it."""

import io
import json
import zipfile

import nbformat
from accident import NAME, accident, encoded
from nbformat.v4 import new_output


def unwritten(notebook):
    """The notebook as it was handed out, near enough."""
    made = nbformat.from_dict(notebook)
    for cell in made.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = f"{cell.source.split(':')[0]}:\n    raise NotImplementedError()"
    return made


def zipped(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


@accident("The notebook was renamed: convolution (1).ipynb was taken for convolution.ipynb")
def downloaded_twice(notebook, folder):
    """A browser has put a number behind the name."""
    (folder / "convolution (1).ipynb").write_bytes(encoded(notebook))


@accident("The notebook was renamed: Convolution.IPYNB was taken for convolution.ipynb")
def capital_letters(notebook, folder):
    """The name has come back in other letters."""
    (folder / "Convolution.IPYNB").write_bytes(encoded(notebook))


@accident("convolution-Copy1.ipynb was taken, for it has 5 answers, and the other 0")
def solved_in_a_copy(notebook, folder):
    """The answers are in a copy; the original lies beside it, untouched."""
    (folder / "convolution-Copy1.ipynb").write_bytes(encoded(notebook))
    return unwritten(notebook)


@accident("There is convolution-Copy1.ipynb, too, with the same answers")
def the_same_notebook_twice(notebook, folder):
    """The notebook and a copy of it are handed in."""
    (folder / "convolution-Copy1.ipynb").write_bytes(encoded(notebook))
    return notebook


@accident("There are 12 notebooks, and 10 of them were looked at: hand in one")
def a_notebook_of_each_day(notebook, folder):
    """Eleven copies that nobody has touched since are handed in with the notebook."""
    for day in range(1, 12):
        (folder / f"convolution-{day}.ipynb").write_bytes(encoded(unwritten(notebook)))
    return notebook


@accident("There is convolution-old.ipynb, too, with other answers: convolution.ipynb was taken")
def two_notebooks_with_different_answers(notebook, folder):
    """Two notebooks have as many answers, but other ones."""
    other = nbformat.from_dict(notebook)
    for cell in other.cells:
        cell.source = cell.source.replace("float", "np.float64")
    (folder / "convolution-old.ipynb").write_bytes(encoded(other))
    return notebook


@accident("convolution.ipynb lay in the folder 02-convolution: it was taken from there")
def a_folder_too_deep(notebook, folder):
    """The notebook lies in one more folder."""
    (folder / "02-convolution").mkdir()
    (folder / "02-convolution" / NAME).write_bytes(encoded(notebook))


@accident("convolution.ipynb was still packed in homework.zip")
def still_packed(notebook, folder):
    """The notebook is in an archive, as macOS packs them."""
    files = {NAME: encoded(notebook), f"__MACOSX/._{NAME}": b"\0\5\x16\7"}
    (folder / "homework.zip").write_bytes(zipped(**files))


@accident("convolution.ipynb was still packed in convolution.ipynb")
def an_archive_by_another_name(notebook, folder):
    """An archive was renamed to what was asked for."""
    return zipped(**{NAME: encoded(notebook)})


@accident("")
def other_files_beside_it(notebook, folder):
    """A web page of the notebook, a checkpoint and what systems leave lie beside it."""
    for name in ("convolution.html", ".DS_Store", "Thumbs.db"):
        (folder / name).write_text("<html></html>")
    (folder / ".ipynb_checkpoints").mkdir()
    old = folder / ".ipynb_checkpoints" / "convolution-checkpoint.ipynb"
    old.write_bytes(encoded(unwritten(notebook)))
    return notebook


@accident("A notebook is graded alone, without helpers.py beside it", score=15)
def a_module_beside_it(notebook, folder):
    """An answer imports a module that lies beside the notebook."""
    (folder / "helpers.py").write_text("def shape(kernel):\n    return kernel.shape\n")
    for cell in notebook.cells:
        if cell.source.startswith("def convolve("):
            line = "    from helpers import shape\n    rows ="
            cell.source = cell.source.replace("    rows =", line, 1)
    return notebook


@accident("begins with a byte order mark")
def byte_order_mark(notebook, folder):
    """An editor of Windows has put a byte order mark before it."""
    return b"\xef\xbb\xbf" + encoded(notebook)


@accident("has the line ends of Windows")
def line_ends_of_windows(notebook, folder):
    """Git or a mail has changed the line ends, inside the cells, too."""
    return encoded(notebook).replace(b"\n", b"\r\n").replace(b"\\n", b"\\r\\n")


@accident("is saved as utf-16, and was read so")
def redirected_in_powershell(notebook, folder):
    """PowerShell's `>` has written it as UTF-16."""
    return encoded(notebook).decode().encode("utf-16")


@accident("is saved as cp1252, and was read so")
def saved_in_latin_letters(notebook, folder):
    """An editor has saved it in the letters of Western Europe."""
    notebook.cells[0].source += "\n\nMüßiggang"
    return encoded(notebook).decode().encode("cp1252", "replace")


@accident("is in format 3 of notebooks")
def format_3(notebook, folder):
    """An old program has written it in format 3."""
    return nbformat.writes(nbformat.convert(notebook, 3), version=3).encode()


@accident("is in format 5 of notebooks")
def format_5(notebook, folder):
    """A program has written a format that does not exist yet."""
    notebook.nbformat, notebook.nbformat_minor = 5, 0
    return json.dumps(notebook).encode()


@accident("")
def format_4_0(notebook, folder):
    """It is in format 4.0, in which cells have no ids."""
    notebook.nbformat_minor = 0
    for cell in notebook.cells:
        cell.pop("id", None)
    return notebook


@accident("holds widgets without their state, as Colab saves them")
def widgets_of_colab(notebook, folder):
    """Colab has saved widgets without their state."""
    mime = "application/vnd.jupyter.widget-state+json"
    notebook.metadata.widgets = {mime: {"a1b2": {"model_name": "HTMLModel"}}}
    return notebook


@accident("")
def no_metadata(notebook, folder):
    """The notebook's own metadata, its kernel among them, is gone."""
    notebook.metadata = {}
    return notebook


@accident("")
def a_kernel_of_conda(notebook, folder):
    """It names a kernel that is only on the student's machine."""
    notebook.metadata.kernelspec = {"name": "conda-env-dl-py", "display_name": "dl"}
    return notebook


@accident("")
def a_large_output(notebook, folder):
    """A cell has shown 30 MB."""
    notebook.cells[3].outputs = [new_output("stream", text="x" * 30_000_000)]
    return notebook


@accident("convolution.ipynb is empty", score=None)
def an_empty_file(notebook, folder):
    """The file has no bytes: the disk was full."""
    return b""


@accident("is a web page, not a notebook", score=None)
def a_web_page(notebook, folder):
    """The page around the notebook was saved, not the notebook."""
    return b"<!DOCTYPE html>\n<html><body>Sign in</body></html>"


@accident("holds the marks of a merge conflict (line 2)", score=None)
def a_merge_conflict(notebook, folder):
    """Git could not merge two versions."""
    head, rest = encoded(notebook).split(b"\n", 1)
    return head + b"\n<<<<<<< HEAD\n=======\n>>>>>>> main\n" + rest


@accident("is cut off or damaged", score=None)
def cut_off(notebook, folder):
    """The upload broke off."""
    return encoded(notebook)[:3000]


@accident("is no notebook but a list in JSON", score=None)
def a_list(notebook, folder):
    """The file is JSON, but no notebook."""
    return b"[1, 2]"


@accident("is JSON, but no notebook: it has no cells", score=None)
def without_cells(notebook, folder):
    """The file is a settings file of an editor."""
    return b'{"python.linting.enabled": true}'


@accident("is no notebook but other text", score=None)
def a_program(notebook, folder):
    """A Python program was given the name of a notebook."""
    return b"def convolve(image, kernel):\n    return image\n"


@accident("is not of this exercise: it defines to_gray; expected slide_pairs", score=None)
def another_exercise(notebook, folder):
    """The notebook of another exercise was handed in."""
    notebook.cells = [notebook.cells[1], nbformat.v4.new_code_cell("def to_gray(image): ...")]
    return notebook


@accident("There is no notebook, only convolution.html", score=None)
def only_a_web_page(notebook, folder):
    """Only the export as a web page was handed in."""
    (folder / "convolution.html").write_text("<html></html>")


@accident("The folder is empty: there should be convolution.ipynb", score=None)
def an_empty_folder(notebook, folder):
    """There is a folder, and nothing in it."""


@accident("it is a link, and links are not followed", score=None)
def a_link(notebook, folder):
    """A link was handed in instead of the file."""
    (folder / NAME).symlink_to("/etc/hostname")


@accident("unpacked it would be more than 200 times as large", score=None)
def an_archive_that_swells(notebook, folder):
    """An archive holds a file that is almost nothing packed, and huge unpacked."""
    (folder / "homework.zip").write_bytes(zipped(**{NAME: b" " * 50_000_000}))


@accident("its path leads out of the archive", score=None)
def an_archive_that_leads_out(notebook, folder):
    """An archive would write beside its own folder."""
    (folder / "homework.zip").write_bytes(zipped(**{f"../../{NAME}": encoded(notebook)}))
