"""Values between two processes, of which one does not trust the other.

A message is a line of JSON and the raw bytes of its arrays. What comes in is checked for form and
size before anything is made of it, and nothing is ever unpickled: bytes become numbers, text and
containers of them, or else :class:`Malformed` is raised. Both sides use this module, the judge and
the worker in the sandbox; it trusts nothing that it decodes.
"""

import json
import math
import re
import select
import struct
import time

import numpy as np

__all__ = ["Channel", "Ended", "Malformed", "decode", "encode", "words"]

MOST_TEXT, MOST_BYTES, DEPTH = 16 << 20, 256 << 20, 20
PAUSE = 0.01, 0.2  # seconds between two looks at who lets us wait
CHUNK = 1 << 20
SWELLS = 10  # bytes that a letter of text takes, at most, when it has become numbers and lists
LONGEST = 10_000  # bits of an integer: longer ones Python does not write down
PLAIN = bool, int, float, str, type(None)


class Ended(Exception):
    """The other side is gone."""


class Malformed(Exception):
    """What the other side says makes no sense, or is too large."""


class Channel:
    """Messages through a stream socket.

    Parameters
    ----------
    sock : socket
    watch : callable, optional
        Called again and again while the other side lets us wait; what it raises ends the waiting.
        Without it, the waiting has no end.
    """

    def __init__(self, sock, watch=None):
        self.sock, self.watch, self.looked = sock, watch, time.monotonic()
        self.weight = 0  # bytes that the last message takes when it is values
        sock.setblocking(watch is None)

    def send(self, head, blobs=()):
        """Send a dictionary, and the bytes that it speaks of."""
        text = json.dumps({**head, "sizes": [len(blob) for blob in blobs]}).encode()
        for data in (struct.pack("<I", len(text)) + text, *blobs):
            rest = memoryview(data)
            while rest:
                if self.watch and not self._ready(writing=True):
                    continue
                try:
                    rest = rest[self.sock.send(rest[:CHUNK]) :]
                except BlockingIOError:
                    continue
                except OSError:
                    raise Ended from None

    def receive(self):
        """Wait for a message: its dictionary, and its bytes."""
        (size,) = struct.unpack("<I", self._read(4))
        if size > MOST_TEXT:
            raise Malformed("it was too large")
        try:
            head = json.loads(self._read(size))
            sizes = head.pop("sizes")
            good = all(type(n) is int and n >= 0 for n in sizes)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise Malformed("it made no sense") from None
        if not good or sum(sizes) > MOST_BYTES:
            raise Malformed("it was too large")
        self.weight = SWELLS * size + sum(sizes)
        return head, [self._read(n) for n in sizes]

    def close(self):
        """Hang up."""
        self.sock.close()

    def _read(self, size):
        data = bytearray()
        while len(data) < size:
            if self.watch and not self._ready():
                continue
            try:
                got = self.sock.recv(min(CHUNK, size - len(data)))
            except BlockingIOError:
                continue
            except OSError:
                got = b""
            if not got:
                raise Ended
            data += got
        return data

    def _ready(self, writing=False):
        """Wait until the socket can be used, and look after the other side meanwhile."""
        pause, most = PAUSE
        some = [self.sock]
        while True:
            ready = select.select([] if writing else some, some if writing else [], [], pause)
            # Also who never lets us wait, and sends letter by letter, is looked after.
            if not any(ready) or time.monotonic() > self.looked + most:
                self.watch()
                self.looked = time.monotonic()
            if any(ready):
                return True
            pause = min(2 * pause, most)


def encode(value, blobs, other):
    """Say a value in JSON; the numbers of its arrays are appended to `blobs`.

    What is no value is given to `other`, which says something in its place.
    """
    if isinstance(value, int) and value.bit_length() > LONGEST:
        return other(value, blobs)
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf":
        array = np.array(value, subok=False, order="C")
        blobs.append(array.tobytes())
        kind = "number" if isinstance(value, np.generic) else "array"
        return {kind: [len(blobs) - 1, array.dtype.str, list(array.shape)]}
    for plain in (int, float, str):
        if isinstance(value, plain) and not isinstance(value, np.generic):
            return plain(value)
    if isinstance(value, list | tuple):
        name = "list" if isinstance(value, list) else "tuple"
        return {name: [encode(item, blobs, other) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[encode(x, blobs, other) for x in pair] for pair in value.items()]}
    return other(value, blobs)


def decode(said, blobs, other, depth=0):
    """Make the value of what :func:`encode` said; what that left to its `other`, ours decodes.

    Each of the `blobs` becomes one array, and is taken out: no message grows while it is read.

    Raises
    ------
    Malformed
        If it was not said by :func:`encode`, or is nested too deeply.
    """
    if said is None or isinstance(said, bool | int | float):
        return said
    if isinstance(said, str):
        return words(said, len(said))
    if depth > DEPTH or not isinstance(said, dict) or len(said) != 1:
        raise Malformed("it made no sense")
    ((kind, content),) = said.items()
    try:
        if kind in ("array", "number"):
            array = _array(blobs, *content)
            return array[()] if kind == "number" else array
        if kind in ("list", "tuple"):
            items = [decode(item, blobs, other, depth + 1) for item in content]
            return items if kind == "list" else tuple(items)
        if kind == "dict":
            return dict([decode(x, blobs, other, depth + 1) for x in pair] for pair in content)
        return other(kind, content, blobs)
    except (TypeError, ValueError, IndexError, KeyError, OverflowError, RecursionError):
        raise Malformed("it made no sense") from None


def _array(blobs, place, dtype, shape):
    if not re.fullmatch(r"[<>|][biuf]\d{1,2}", dtype):
        raise ValueError(dtype)
    kind = np.dtype(dtype)
    if not all(type(n) is int and n >= 0 for n in (place, *shape)):
        raise ValueError(shape)
    if math.prod(shape) * kind.itemsize != len(blobs[place]):
        raise ValueError(shape)
    data, blobs[place] = blobs[place], None
    return np.frombuffer(data, kind).reshape(shape).copy() if data else np.empty(shape, kind)


def words(said, most):
    """Give text of the other side a bound, and nothing that cannot be written down."""
    return str(said)[:most].encode("utf-8", "replace").decode().replace("\0", "")
