"""Small archives in the form of the real ones, made from cartoons; and where the real ones are."""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnkit import datasets

PRIVATE = os.environ.get("CNNKIT_DATA")
needs_photographs = pytest.mark.skipif(
    not (PRIVATE and list(Path(PRIVATE).glob("kagglecatsanddogs*.zip"))),
    reason="no kagglecatsanddogs*.zip in CNNKIT_DATA",
)
needs_mnist = pytest.mark.skipif(
    not (PRIVATE and (Path(PRIVATE) / "mnist").is_dir()), reason="no mnist folder in CNNKIT_DATA"
)


def jpeg(pixels, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", **{"quality": 90, **options})
    return file.getvalue()


def cats_zip(path, numbers, size=96, extra=(), noisy=False):
    """An archive in the official layout, with a cartoon of each kind for each number."""
    drawn = datasets.cartoons(16, size=size)
    with zipfile.ZipFile(path, "w") as box:
        box.writestr("PetImages/Cat/Thumbs.db", b"not a picture")
        for kind, folder in enumerate(("Cat", "Dog")):
            pictures = drawn.images[drawn.labels == kind]
            if noisy:  # about 100 kB each
                noise = np.random.default_rng(0).integers(0, 256, (300, 260, 3), np.uint8)
                pictures = [noise + kind] * 8
            contents = [jpeg(picture) for picture in pictures]
            for number in reversed(numbers):
                box.writestr(f"PetImages/{folder}/{number}.jpg", contents[number % 8])
        for name, content in extra:
            box.writestr(name, content)
    return path


def tar_gz(path, members):
    with tarfile.open(path, "w:gz") as box:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                box.addfile(member)
            else:
                member.size = len(content)
                box.addfile(member, io.BytesIO(content))
    return path


def official(monkeypatch, module, name, path):
    """Let a small file made here pass for the official one."""
    checksum = "md5:" + hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setattr(module, name, getattr(module, name)._replace(checksum=checksum))


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
