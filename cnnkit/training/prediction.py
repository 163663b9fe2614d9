"""What ``python -m cnnkit predict`` does: read pictures, name them, show where it has looked."""

import io
import json as jsonlib
import os
import sys
import warnings
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from cnnkit.arguments import flag, lesson, whole
from cnnkit.datasets.files import files_below, read_file
from cnnkit.disk import as_path, printable, write_whole
from cnnkit.pictures import UnreadableError, to_bytes
from cnnkit.training.devices import pick_device
from cnnkit.training.results import grad_cam, probabilities
from cnnkit.training.weights import load_trained

__all__ = ["name_pictures"]

_CHUNK = 64  # pictures that are read, and named, at once
_KINDS = (".png", ".jpg", ".jpeg", ".webp", ".pdf", ".svg")
_SHOWN = 60  # pictures that one page of heat maps holds


def name_pictures(
    weights,
    pictures,
    *,
    show=None,
    json=False,
    top=3,
    flip=False,
    device=None,
    model=None,
    size=None,
    names=None,
):
    """Name pictures by a trained network, and print the answers.

    Parameters
    ----------
    weights : path-like
        A ``weights.pt``, as :func:`cnnkit.training.load_trained` reads it.
    pictures : sequence of path-like
        Files, folders (all pictures in them, and in the folders within), or ``'-'`` for the bytes
        of one picture on standard input. Each is read as the pictures for training were.
    show : path-like, optional
        A picture to write: each picture beside a copy that is bright where the network has looked.
    json : bool, default False
        Print one JSON document instead of a table.
    top : int, default 3
        So many names in the table, the likeliest first.
    flip : bool, default False
        Average with the answer to the mirror image.
    device : str, optional
        See :func:`cnnkit.training.pick_device`.
    model, size, names
        What a file that holds weights alone does not say: see
        :func:`cnnkit.training.load_trained`.

    Returns
    -------
    int
        0, or 1 when a picture could not be read: it is named on stderr, and the rest go on.

    Raises
    ------
    ValueError
        If the weights are damaged or of another kind, there are no pictures, or an argument makes
        no sense.
    OSError
        If the weights are not there, or `show` cannot be written.
    """
    json, flip, top = flag(json, "json"), flag(flip, "flip"), whole(top, "top")
    device = pick_device(device)
    pictures = _paths(pictures)
    found, unreadable = _find(pictures)
    show = None if show is None else _checked_place(show, pictures)
    trained = load_trained(as_path(weights, "weights"), model, size, names)
    trained.model.to(device)
    top = min(top, len(trained.names))
    for word, why in unreadable.items():
        _complain(word, why)
    width = max(len(printable(word)) for word in [*found, "picture"])
    named: list[dict] = []
    page: list[tuple] = []
    for words in _chunks(list(found)):
        images = _read_all(words, found, trained, unreadable)
        if not images:
            continue
        rows = probabilities(trained.model, np.stack(list(images.values())), flip=flip)
        for (word, image), row in zip(images.items(), rows, strict=True):
            order = np.argsort(-row, kind="stable")
            answers = {trained.names[i]: float(row[i]) for i in order}
            if not json:
                if not named:
                    print(_line("picture", [_nth(i + 1) for i in range(top)], width))
                best = list(answers.items())[:top]
                print(_line(word, [f"{name} {share:.2%}" for name, share in best], width))
            named.append({"picture": word, "name": next(iter(answers)), "probabilities": answers})
            if show and len(page) < _SHOWN:
                page.append((word, image, grad_cam(trained.model, image), answers))
    trouble = _write_page(show, page, top) if show and page else None
    shown = show and page and trouble is None
    if json:
        document = {
            "weights": str(weights),
            "names": list(trained.names),
            "size": trained.size,
            "pictures": named,
            "unreadable": [{"picture": word, "why": why} for word, why in unreadable.items()],
            "shown": str(show) if shown else None,
        }
        print(jsonlib.dumps(document, indent=2))
    elif shown:
        more = f", the first {len(page)} of {len(named):,}" if len(page) < len(named) else ""
        print(f"Where it has looked is in {printable(str(show))}{more}.")
    if trouble is not None:  # told last, so that it costs no answer
        raise trouble
    return int(bool(unreadable))


# ---- what to read -------------------------------------------------------------------------------


def _paths(pictures):
    pictures = [pictures] if isinstance(pictures, (str, os.PathLike)) else pictures
    if not isinstance(pictures, Iterable):
        given = f"pictures={pictures!r} was given"
        raise lesson(given, "paths of pictures and folders", "Use pictures=['photo.jpg'].")
    return [as_path(word, "picture") for word in pictures]


def _find(pictures):
    """Say how each picture is read, in the order given; and what cannot be, with the reason."""
    found: dict[str, Callable[[], bytes | str]] = {}
    unreadable: dict[str, str] = {}
    for path in pictures:
        if str(path) == "-":
            found["-"] = partial(_flowing, path)
        elif os.path.isdir(path):
            try:
                files, closed = files_below(path)
            except OSError as error:
                unreadable[str(path)] = f"it cannot be opened ({os.strerror(error.errno or 0)})"
                continue
            unreadable |= {str(path / name): why for name, why in closed.items()}
            if not files:
                unreadable[str(path)] = "no picture is in this folder"
            found |= {str(path / name): partial(read_file, file) for name, file in files.items()}
        else:
            is_pipe = os.path.exists(path) and not os.path.isfile(path)  # as shells make them
            found[str(path)] = partial(_flowing, path) if is_pipe else partial(read_file, path)
    if not found:
        given = "; ".join(f"{word}: {why}" for word, why in unreadable.items()) or "no picture"
        remedy = "Name a picture, a folder of pictures, or - for one on standard input."
        raise lesson(given, "one picture or more", remedy)
    return found, unreadable


def _flowing(path):
    """Return what comes through a pipe, or why nothing does: it may be a socket, or closed."""
    try:
        if str(path) == "-":
            return sys.stdin.buffer.read() if sys.stdin else "nothing is connected to it"
        return path.read_bytes()
    except OSError as error:
        return f"it cannot be opened ({error.strerror or error})"


def _read_all(words, found, trained, unreadable):
    """Return the pictures that can be read, and name those that cannot."""
    images = {}
    for word in words:
        try:
            content = found[word]() or "it is empty"
            if isinstance(content, str):
                raise UnreadableError(content)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what Pillow says about odd EXIF blocks
                images[word] = to_bytes(content, trained.size, trained.channels)
        except UnreadableError as error:
            unreadable[word] = error.why
            _complain(word, error.why)
    return images


def _chunks(items):
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


# ---- what to say --------------------------------------------------------------------------------


def _complain(word, why):
    print(f"cnnkit: {printable(word)} could not be read: {why}.", file=sys.stderr)


def _line(word, answers, width):
    cells = "".join(f"  {printable(answer):<24}" for answer in answers)
    return f"{printable(word):<{width}}{cells}".rstrip()


def _nth(number):
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number, 'th') }"


# ---- what to show -------------------------------------------------------------------------------


def _checked_place(show, pictures):
    """Refuse, before any work, where no page can be written, or would lie among the pictures."""
    show = as_path(show, "show")
    if show.suffix.lower() not in _KINDS:
        expected = f"a file that ends with {', '.join(_KINDS)}"
        raise lesson(f"show={str(show)!r} was given", expected, "Use show='heat.png' (--show).")
    if not show.parent.is_dir():
        given = f"show={str(show)!r} was given, and there is no folder {show.parent}"
        raise lesson(given, "a file in a folder that is there", "Make the folder first.")
    here = show.resolve()
    for place in (path.resolve() for path in pictures):
        if here == place or (place.is_dir() and here.is_relative_to(place)):
            given = f"show={str(show)!r} was given, which is or would be one of the pictures"
            raise lesson(given, "a file elsewhere", "Name one outside of the folder of pictures.")
    return show


def _write_page(show, page, top):
    """Write the page; return the error of a disk that does not take it."""
    try:
        write_whole(show, _page(page, top, show.suffix))
    except OSError as error:
        return error
    return None


def _page(page, top, suffix):
    """Draw each picture, as the network saw it, beside its heat, under its likeliest names."""
    from matplotlib.figure import Figure

    columns = min(3, len(page))
    rows = -(-len(page) // columns)
    figure = Figure(figsize=(4.2 * columns, 2.6 * rows + 0.5), layout="constrained")
    title = "left: what the network saw; right: bright where the answer came from"
    figure.suptitle(title if columns > 1 else title.replace("; ", "\n"), fontsize=9)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, (word, image, heat, answers) in zip(grid.flat, page, strict=False):
        axes.imshow(_beside(image, heat), cmap="gray", vmin=0, vmax=255)
        best = ", ".join(f"{_short(n, 20)} {p:.1%}" for n, p in list(answers.items())[:top])
        axes.set_title(f"{_short(word, 40)}\n{best}", fontsize=8, parse_math=False)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters that the font has not
        figure.savefig(file, format=suffix.removeprefix(".").lower(), dpi=110)
    return file.getvalue()


def _beside(image, heat):
    """Put a picture, and what is left of it where the network has looked, side by side."""
    light = 0.25 + 0.75 * heat.reshape(*heat.shape, *[1] * (image.ndim - 2))
    gap = np.full((len(image), max(1, len(image) // 16), *image.shape[2:]), 255, np.uint8)
    return np.concatenate([image, gap, np.rint(image * light).astype(np.uint8)], axis=1)


def _short(word, most):
    word = printable(word)
    return word if len(word) <= most else f"…{word[1 - most :]}"
