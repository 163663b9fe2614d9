"""The data sets: found, fetched, checked, prepared; each failure explained.

Downloads come from a server on 127.0.0.1 that can be slow, break off, or send the wrong thing.
The archives are made here, from cartoons; what needs the real ones is skipped without them.
"""

import contextlib
import gzip
import hashlib
import http.server
import io
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import textwrap
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnnkit import datasets, images
from cnnkit.datasets import arrays, files, photographs
from cnnkit.pictures import READING, to_bytes

PRIVATE = os.environ.get("CNNKIT_DATA")
needs_photographs = pytest.mark.skipif(
    not (PRIVATE and list(Path(PRIVATE).glob("kagglecatsanddogs*.zip"))),
    reason="no kagglecatsanddogs*.zip in CNNKIT_DATA",
)
needs_mnist = pytest.mark.skipif(
    not (PRIVATE and (Path(PRIVATE) / "mnist").is_dir()), reason="no mnist folder in CNNKIT_DATA"
)


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """Give each test two folders of its own, one for the data and one for what is prepared."""
    monkeypatch.setenv("CNNKIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CNNKIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


# ---- the form ------------------------------------------------------------------------------


def test_digits_are_the_course_digits_as_bytes():
    everything = datasets.digits("all")
    levels, labels = images.digits()
    assert everything.images.dtype == np.uint8 and everything.images.shape == (1797, 8, 8)
    assert np.array_equal(np.rint(everything.images * (16 / 255)), levels)
    assert np.array_equal(everything.labels, labels)
    train, test = datasets.digits("train"), datasets.digits("test")
    assert (len(train), len(test)) == (1437, 360)
    assert train.numbers.max() < test.numbers.min()
    assert everything.names[int(test.labels[0])] == str(labels[1437])
    assert repr(test) == "<360 pictures of 8×8: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9>"


def test_an_unknown_split_is_explained():
    with pytest.raises(ValueError, match="'train', 'test' or 'all'"):
        datasets.digits("validation")


def test_importing_the_data_sets_loads_nothing_heavy():
    code = "import sys, cnnkit.datasets; print(*sorted(sys.modules))"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not {"torch", "sklearn", "pooch", "requests", "tqdm", "matplotlib"} & set(loaded)


# ---- finding and fetching --------------------------------------------------------------------

CONTENT = np.random.default_rng(0).bytes(3_000_000)


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT; `rules` maps a path to what goes wrong there."""

    daemon_threads = True

    def __init__(self, rules):
        super().__init__(("127.0.0.1", 0), Handler)
        self.rules, self.log, self.sent = rules, [], 0

    def handle_error(self, *_):
        """A reader that was killed is no error of the server's."""

    def url(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        rule = server.rules.get(self.path, {})
        server.log.append((self.path, self.headers.get("Range")))
        if "status" in rule:
            return self.send_error(rule["status"])
        content, start = rule.get("content", CONTENT), 0
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if wanted and not rule.get("ignores_range"):
            start = int(wanted[1])
            if start >= len(content):
                return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = len(content)
        if "breaks_after" in rule:
            end = min(end, start + rule.pop("breaks_after"))
        for at in range(start, end, 100_000):
            piece = content[at : min(at + 100_000, end)]
            self.wfile.write(piece)
            self.wfile.flush()
            server.sent += len(piece)
            time.sleep(rule.get("pause", 0))

    def log_message(self, *_):
        """Keep the test's output clean."""


@pytest.fixture
def serve():
    with contextlib.ExitStack() as stack:

        def start(**rules):
            server = Server({f"/{name}": rule for name, rule in rules.items()})
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            return server

        yield start


def source_at(*urls, size=3_000_000, content=CONTENT):
    checksum = "sha256:" + hashlib.sha256(content).hexdigest()
    return files.Source("folder/file.bin", urls, size, checksum, "Free for all")


def test_what_is_missing_says_where_it_was_looked_for_and_how_to_get_it(data, monkeypatch):
    with pytest.raises(FileNotFoundError) as caught:
        datasets.cats_vs_dogs()
    message = str(caught.value)
    for part in (str(data), "download=True", "824.9 MB", "non-commercial", "https://download"):
        assert part in message
    monkeypatch.delenv("CNNKIT_DATA")
    for ask in (datasets.mnist, datasets.cifar10, datasets.pets):
        with pytest.raises(FileNotFoundError, match="CNNKIT_DATA names another folder"):
            ask()


def test_a_file_is_found_in_either_folder_and_by_its_pattern(data):
    source = source_at("http://127.0.0.1:9/never")
    cached = files.cache() / "file.bin"
    cached.parent.mkdir()
    cached.write_bytes(b"1")
    assert files.find(source) == cached
    own = data / "file-of-2013.bin"
    own.write_bytes(b"2")
    assert files.find(source, "file*.bin") == own
    exact = data / "folder" / "file.bin"
    exact.parent.mkdir()
    exact.write_bytes(b"3")
    assert files.find(source, "file*.bin", download=True) == exact


def test_a_download_shows_its_licence_and_progress_and_takes_its_name_at_the_end(
    data, serve, capfd
):
    server = serve()
    path = files.find(source_at(server.url("/a")), download=True)
    assert path == data / "folder" / "file.bin" and path.read_bytes() == CONTENT
    out, err = capfd.readouterr()
    assert "Licence: Free for all" in out and "3.0 MB" in out
    assert "100%" in err
    assert [p.name for p in path.parent.iterdir() if not p.name.startswith(".")] == ["file.bin"]
    assert files.find(source_at(server.url("/a")), download=True) == path
    assert len(server.log) == 1


def test_without_a_folder_of_ones_own_it_goes_to_the_cache(serve, monkeypatch):
    monkeypatch.delenv("CNNKIT_DATA")
    path = files.find(source_at(serve().url("/a")), download=True)
    assert path == files.cache() / "folder" / "file.bin"


def test_a_killed_download_goes_on_where_it_stopped(data, serve):
    server = serve(slow={"pause": 0.05})
    source = source_at(server.url("/slow"))
    code = (
        "from cnnkit.datasets.files import Source, find;"
        f"find(Source(*{tuple(source)!r}), download=True)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    part = data / "folder" / "file.bin.part"
    deadline = time.time() + 60
    while not (part.is_file() and part.stat().st_size > 300_000) and time.time() < deadline:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    have = part.stat().st_size
    assert 300_000 < have < len(CONTENT)
    assert not (data / "folder" / "file.bin").exists()
    server.rules["/slow"]["pause"] = 0
    assert files.find(source, download=True).read_bytes() == CONTENT
    assert server.log == [("/slow", None), ("/slow", f"bytes={have}-")]
    assert not part.exists()


def test_a_broken_connection_goes_on_in_the_same_call(serve):
    server = serve(a={"breaks_after": 1_000_000})
    path = files.find(source_at(server.url("/a")), download=True)
    assert path.read_bytes() == CONTENT
    assert server.log[0] == ("/a", None) and re.match(r"bytes=\d+-", server.log[1][1])
    assert server.sent - len(CONTENT) < 2**17  # a piece at most was on the way twice


def test_a_server_that_cannot_resume_sends_all_again(data, serve):
    part = data / "folder" / "file.bin.part"
    part.parent.mkdir()
    part.write_bytes(CONTENT[:1000])
    server = serve(a={"ignores_range": True})
    assert files.find(source_at(server.url("/a")), download=True).read_bytes() == CONTENT
    assert server.log == [("/a", "bytes=1000-")]


def test_a_mirror_steps_in_and_goes_on_from_what_is_here(serve):
    server = serve(gone={"status": 404}, weak={"breaks_after": 500_000})
    urls = map(server.url, ("/gone", "/weak", "/mirror"))
    assert files.find(source_at(*urls), download=True).read_bytes() == CONTENT
    assert [path for path, _ in server.log] == ["/gone", "/weak", "/mirror"]
    assert server.sent - len(CONTENT) < 2**17  # a piece at most was on the way twice


def test_a_damaged_part_is_thrown_away_and_fetched_again(data, serve):
    part = data / "folder" / "file.bin.part"
    part.parent.mkdir()
    part.write_bytes(b"x" * 1000)
    server = serve()
    assert files.find(source_at(server.url("/a")), download=True).read_bytes() == CONTENT
    assert server.log == [("/a", "bytes=1000-"), ("/a", None)]


def test_a_complete_part_needs_no_server(data):
    part = data / "folder" / "file.bin.part"
    part.parent.mkdir()
    part.write_bytes(CONTENT)
    path = files.find(source_at("http://127.0.0.1:9/never"), download=True)
    assert path.read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_no_dead_end(data, serve):
    short = CONTENT[:2000]
    part = data / "folder" / "file.bin.part"
    part.parent.mkdir()
    part.write_bytes(b"x" * 2500)
    server = serve(a={"content": short})
    source = source_at(server.url("/a"), size=3000, content=short)
    assert files.find(source, download=True).read_bytes() == short


def test_a_wrong_checksum_is_refused_everywhere(data, serve):
    server = serve(a={"content": b"not it"}, b={"content": CONTENT[::-1]})
    with pytest.raises(OSError, match="could not be fetched") as caught:
        files.find(source_at(server.url("/a"), server.url("/b")), download=True)
    assert "/a" in str(caught.value) and "/b" in str(caught.value)
    assert "does not have checksum sha256:" in str(caught.value)
    assert len(server.log) == 2  # what came whole and wrong is not asked for twice
    assert [p.name for p in (data / "folder").iterdir()] == [".lock"]


def test_no_connection_is_explained(data):
    with pytest.raises(OSError, match=r"(?s)could not be fetched.*ConnectionError.*browser"):
        files.find(source_at("http://127.0.0.1:9/nobody"), download=True)


def test_a_full_disk_is_noticed_before_the_first_byte(serve, monkeypatch):
    server = serve()
    usage = shutil.disk_usage("/")._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OSError, match=r"no room for the 3.0 MB"):
        files.find(source_at(server.url("/a")), download=True)
    assert not server.log


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_disk_that_fills_up_on_the_way_is_explained(data, serve):
    (data / "folder").mkdir()
    (data / "folder" / "file.bin.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"no room .* what has arrived is kept"):
        files.find(source_at(serve().url("/a")), download=True)
    assert not (data / "folder" / "file.bin").exists()


def test_two_at_once_fetch_it_once(serve):
    server = serve(a={"pause": 0.01})
    source = source_at(server.url("/a"))
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(files.find(source, download=True)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1] and found[0].read_bytes() == CONTENT
    assert len(server.log) == 1


def test_a_folder_that_cannot_be_written_is_explained(data, serve, monkeypatch):
    (data / "taken").write_text("a file where a folder should be")
    cats_zip(data / "kagglecatsanddogs_x.zip", [0])
    monkeypatch.setenv("CNNKIT_CACHE", str(data / "taken"))
    with pytest.raises(OSError, match=r"CNNKIT_CACHE .* folders that are yours"):
        datasets.cats_vs_dogs()
    monkeypatch.setenv("CNNKIT_DATA", str(data / "taken"))
    with pytest.raises(OSError, match="Nothing can be written to"):
        files.find(source_at(serve().url("/a")), download=True)


# ---- archives that would do harm --------------------------------------------------------------


@given(st.lists(st.sampled_from(["..", ".", "a", "b.jpg", "", "C:", "...", " "]), max_size=6))
def test_a_name_that_is_let_through_stays_inside(parts):
    name = "/".join(parts) or "a"
    try:
        files.inside(name)
    except ValueError:
        return
    where = os.path.normpath(os.path.join("/folder", name))
    assert where == "/folder" or where.startswith("/folder/")


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "..\\x", "C:\\x", "C:x"])
def test_a_name_that_leads_out_is_refused(name):
    with pytest.raises(ValueError, match="outside its own folder"):
        files.inside(name)


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


def test_a_zip_with_a_member_that_leads_out_is_refused(data, tmp_path):
    cats_zip(data / "kagglecatsanddogs_x.zip", [0], extra=[("../../evil.txt", b"evil")])
    with pytest.raises(ValueError, match=r"'\.\./\.\./evil\.txt'"):
        datasets.cats_vs_dogs()
    assert not [p for p in tmp_path.rglob("*") if "evil" in p.name or "unfinished" in p.name]


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


def test_a_tar_gives_plain_files_only_and_none_that_leads_out(tmp_path):
    path = tar_gz(tmp_path / "a.tar.gz", [("x/a.txt", "/etc/passwd"), ("x/b.txt", b"plain")])
    assert list(files.plain_files(path, {"a.txt", "b.txt"})) == [("b.txt", b"plain")]
    assert list(files.plain_files(path, {"b.txt"}, largest=4)) == [("b.txt", b"")]
    path = tar_gz(tmp_path / "b.tar.gz", [("x/../../a.txt", b"evil")])
    with pytest.raises(ValueError, match="outside its own folder"):
        list(files.plain_files(path, {"a.txt"}))
    whole = tar_gz(tmp_path / "c.tar.gz", [("a.txt", CONTENT)]).read_bytes()
    (tmp_path / "c.tar.gz").write_bytes(whole[:100_000])
    with pytest.raises(ValueError, match="not a whole archive"):
        list(files.plain_files(tmp_path / "c.tar.gz", {"a.txt"}))


# ---- cats and dogs ------------------------------------------------------------------------------


def plain_loop(archive, size):
    """The oracle: one photograph after the other, with Pillow alone."""
    found = {}
    with zipfile.ZipFile(archive) as box:
        for name in box.namelist():
            if name.endswith(".jpg"):
                folder, number = name.removesuffix(".jpg").split("/")[1:]
                try:
                    image = Image.open(io.BytesIO(box.read(name))).convert("RGB")
                except (OSError, zipfile.BadZipFile):
                    continue
                side = min(image.size)
                left, top = (image.width - side) // 2, (image.height - side) // 2
                square = image.crop((left, top, left + side, top + side))
                square = square.resize((size, size), Image.Resampling.BILINEAR)
                found[int(number), int(folder == "Dog")] = np.asarray(square)
    return found


NUMBERS = [0, 3, 7, 11, 9_999, 10_000, 12_499]


def test_photographs_are_prepared_in_order_split_by_number_and_equal_to_a_plain_loop(data, capsys):
    archive = cats_zip(data / "kagglecatsanddogs-small.zip", NUMBERS)
    everything = datasets.cats_vs_dogs("all", size=48)
    assert "Prepared 14 photographs of 48×48" in capsys.readouterr().out
    assert isinstance(everything.images, np.memmap) and not everything.images.flags.writeable
    assert everything.images.dtype == np.uint8 and everything.labels.dtype == np.int64
    assert everything.numbers.tolist() == sorted(NUMBERS * 2)
    assert everything.labels.tolist() == [0, 1] * 7
    oracle = plain_loop(archive, 48)
    for image, label, number in zip(
        everything.images, everything.labels, everything.numbers, strict=True
    ):
        assert np.array_equal(image, oracle[number, label])
    train, test = (datasets.cats_vs_dogs(split, size=48) for split in ("train", "test"))
    assert (len(train), len(test)) == (10, 4)
    assert train.numbers.max() == 9_999 and test.numbers.min() == 10_000
    assert isinstance(train.images, np.memmap) and isinstance(test.images, np.memmap)
    assert not capsys.readouterr().out  # the next calls prepare nothing


def test_broken_files_are_skipped_and_counted(data, capsys):
    whole = jpeg(datasets.cartoons(1, size=96).images[0])
    broken = [
        ("PetImages/Cat/1.jpg", b""),
        ("PetImages/Cat/500.jpg", whole[: len(whole) // 2]),
        ("PetImages/Dog/10001.jpg", b"no picture at all"),
        ("PetImages/Dog/12501.jpg", whole[:20]),
    ]
    archive = cats_zip(data / "kagglecatsanddogs_b.zip", NUMBERS, extra=broken)
    # One whose bytes changed on the disk: the zip's own checksum notices.
    raw = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as box:
        member = box.getinfo("PetImages/Dog/7.jpg")
    raw[member.header_offset + 200] ^= 0xFF
    archive.write_bytes(raw)
    everything = datasets.cats_vs_dogs("all", size=32)
    assert sorted(everything.skipped) == sorted([*(n for n, _ in broken), "PetImages/Dog/7.jpg"])
    assert (
        "5 could not be decoded and were left out: PetImages/Cat/1.jpg" in capsys.readouterr().out
    )
    assert "5 unreadable files skipped" in repr(everything)
    oracle = plain_loop(archive, 32)
    assert len(everything) == len(oracle) == 13
    for image, label, number in zip(
        everything.images, everything.labels, everything.numbers, strict=True
    ):
        assert np.array_equal(image, oracle[number, label])


def test_what_is_prepared_is_kept_until_the_archive_changes(data, monkeypatch):
    archive = cats_zip(data / "kagglecatsanddogs_a.zip", [0, 1])
    first = datasets.cats_vs_dogs("all", size=32)
    with monkeypatch.context() as patch:
        patch.setattr(photographs, "prepare", None)
        # Another user may open it, even where nothing can be written.
        (prepared,) = (files.cache() / "prepared").glob("cats_vs_dogs-*")
        assert prepared.stat().st_mode & 0o777 == data.stat().st_mode & 0o777
        patch.setattr(photographs, "locked", None)
        again = datasets.cats_vs_dogs("all", size=32)
        assert np.array_equal(first.images, again.images)
        with pytest.raises(TypeError):
            datasets.cats_vs_dogs("all", size=40)  # another size is prepared anew
    with monkeypatch.context() as patch:
        patch.setattr(photographs, "READING", READING + 1)
        assert np.array_equal(datasets.cats_vs_dogs("all", size=32).images, first.images)
        assert len(list((files.cache() / "prepared").glob("cats_vs_dogs-32px-*"))) == 2
    cats_zip(archive, [0, 1, 2])
    assert len(datasets.cats_vs_dogs("all", size=32)) == 6
    assert len(first) == 4 and first.images[3].any()  # what was open stays readable


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"PK nothing", "not a whole zip"), (None, r"holds no PetImages")],
)
def test_an_archive_of_another_kind_is_explained(data, content, says):
    path = data / "kagglecatsanddogs_x.zip"
    if content:
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as box:
            box.writestr("cats/1.jpg", jpeg(np.zeros((8, 8, 3), np.uint8)))
    with pytest.raises(ValueError, match=says):
        datasets.cats_vs_dogs()
    assert [p.name for p in (files.cache() / "prepared").iterdir()] == [".lock"]


def test_the_official_name_with_other_bytes_is_refused(data):
    cats_zip(data / "kagglecatsanddogs_5340.zip", [0])
    with pytest.raises(ValueError, match=r"not the official kagglecatsanddogs_5340\.zip"):
        datasets.cats_vs_dogs()


def test_an_archive_without_one_good_file_is_explained(data):
    with zipfile.ZipFile(data / "kagglecatsanddogs_x.zip", "w") as box:
        box.writestr("PetImages/Cat/1.jpg", b"")
    with pytest.raises(ValueError, match="None of the 1 photographs"):
        datasets.cats_vs_dogs()


@pytest.mark.parametrize("size", [0, 7, 64.0, "64"])
def test_a_size_that_makes_no_sense_is_explained(size):
    with pytest.raises(ValueError, match="8 or more"):
        datasets.cats_vs_dogs(size=size)
    with pytest.raises(ValueError, match="8 or more"):
        datasets.pets(size=size)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_leaves_nothing_half_prepared(data, monkeypatch):
    cats_zip(data / "kagglecatsanddogs_x.zip", list(range(30)))
    real = photographs.prepare
    monkeypatch.setattr(
        photographs, "prepare", lambda *arguments: real(*arguments[:3], "/dev/full")
    )
    with pytest.raises(OSError, match=r"No space left on device.*CNNKIT_CACHE"):
        datasets.cats_vs_dogs(size=96)
    assert [p.name for p in (files.cache() / "prepared").iterdir()] == [".lock"]
    monkeypatch.undo()


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_two_processes_prepare_once_and_see_the_same(data):
    cats_zip(data / "kagglecatsanddogs_x.zip", list(range(60)))
    code = "from cnnkit import datasets as d; print(d.cats_vs_dogs(size=96).images.sum())"
    children = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [child.communicate(timeout=60)[0].split() for child in children]
    assert sorted(map(len, said))[0] == 1  # one of them prepared nothing
    assert said[0][-1] == said[1][-1]


def test_a_killed_preparation_leaves_no_data_set(data):
    cats_zip(data / "kagglecatsanddogs_x.zip", list(range(40)))
    code = """
        import os, signal
        from cnnkit.datasets import cats_vs_dogs, photographs
        real, count = photographs.to_bytes, 0
        def to_bytes(content, size):
            global count
            count += 1
            if count > 50:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(content, size)
        photographs.to_bytes = to_bytes
        cats_vs_dogs(size=96)
    """
    with pytest.raises(subprocess.CalledProcessError):
        run(code)
    left = [p.name for p in (files.cache() / "prepared").iterdir()]
    assert any(name.startswith("unfinished-") for name in left)
    assert not any(name.startswith("cats_vs_dogs") for name in left)
    assert len(datasets.cats_vs_dogs("all", size=96)) == 80
    left = [p.name for p in (files.cache() / "prepared").iterdir()]
    assert not any(name.startswith("unfinished-") for name in left)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc on this system")
def test_memory_stays_bounded_whatever_the_size(data):
    """Five times as many photographs, no more memory: neither files nor pixels pile up."""
    code = """
        from cnnkit import datasets
        import numpy, tqdm, pooch
        def peak():  # in MB; getrusage would count the process that started this one, too
            with open("/proc/self/status") as file:
                return int(file.read().split("VmHWM:")[1].split()[0]) / 1024
        before = peak()
        data = datasets.cats_vs_dogs("all", size=200)
        print(peak() - before)
    """
    grown = {}
    for count in (100, 500):
        cats_zip(data / "kagglecatsanddogs_x.zip", list(range(count)), noisy=True)
        grown[count] = float(run(code).split()[-1])
    # The larger archive holds 100 MB of files and becomes 114 MB of pixels.
    assert grown[500] < 60
    assert grown[500] < grown[100] + 15


@needs_photographs
def test_the_real_photographs(monkeypatch):
    archive = min(Path(PRIVATE).glob("kagglecatsanddogs*.zip"))
    monkeypatch.setenv("CNNKIT_DATA", PRIVATE)
    with tempfile.TemporaryDirectory() as room:  # not kept, as pytest's own folders are
        monkeypatch.setenv("CNNKIT_CACHE", room)
        train, test = datasets.cats_vs_dogs("train"), datasets.cats_vs_dogs("test")
        assert train.numbers.max() < 10_000 <= test.numbers.min()
        assert len(train.skipped) < 0.002 * (len(train) + len(test))
        assert abs(train.labels.mean() - 0.5) < 0.01 and abs(test.labels.mean() - 0.5) < 0.01
        if "96px" in archive.name:
            assert (len(train), len(test), len(train.skipped)) == (12_800, 3_200, 3)
            with zipfile.ZipFile(archive) as box:
                for row in range(0, len(train), 997):
                    folder = "Dog" if train.labels[row] else "Cat"
                    content = box.read(f"PetImages/{folder}/{train.numbers[row]}.jpg")
                    oracle = Image.open(io.BytesIO(content)).convert("RGB")
                    oracle = oracle.resize((64, 64), Image.Resampling.BILINEAR)
                    assert np.array_equal(train.images[row], np.asarray(oracle))


# ---- pets, CIFAR-10, MNIST ----------------------------------------------------------------------


def official(monkeypatch, module, name, path):
    """Let a small file made here pass for the official one."""
    checksum = "md5:" + hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setattr(module, name, getattr(module, name)._replace(checksum=checksum))


@pytest.fixture
def small_pets(data, monkeypatch):
    drawn = datasets.cartoons(9, size=80)
    names = ["Abyssinian_1", "beagle_2", "Egyptian_Mau_3", "Abyssinian_10", "beagle_7"]
    rows = {"Abyssinian": "1 1 1", "beagle": "2 2 1", "Egyptian_Mau": "3 1 2"}
    lists = {"trainval.txt": names[:3], "test.txt": names[3:]}
    texts = [
        (
            f"annotations/{file}",
            "".join(f"{n} {rows[n.rsplit('_', 1)[0]]}\n" for n in listed).encode(),
        )
        for file, listed in lists.items()
    ]
    (data / "pets").mkdir()
    labels = tar_gz(data / "pets" / "annotations.tar.gz", texts)
    contents = {name: jpeg(image) for name, image in zip(names, drawn.images, strict=False)}
    contents["beagle_2"] = contents["beagle_2"][:300]
    pictures = [(f"images/{name}.jpg", contents[name]) for name in sorted(contents)]
    archive = tar_gz(
        data / "pets" / "images.tar.gz", [*pictures, ("images/Abyssinian_102.mat", b"?")]
    )
    official(monkeypatch, photographs, "_PETS_LABELS", labels)
    official(monkeypatch, photographs, "_PETS", archive)
    return contents


def test_pets_follow_the_official_lists(small_pets):
    species = datasets.pets("all", size=40)
    assert species.names == ("cat", "dog") and species.labels.tolist() == [0, 0, 0, 1]
    assert species.numbers.tolist() == [0, 2, 10_000, 10_001]
    assert species.skipped == ("beagle_2.jpg",)
    train, test = datasets.pets("train", size=40), datasets.pets("test", size=40)
    assert (len(train), len(test)) == (2, 2)
    breed = datasets.pets("all", size=40, labels="breed")
    assert breed.names == ("Abyssinian", "beagle", "Egyptian Mau")
    assert breed.labels.tolist() == [0, 2, 0, 1]
    # The archive is in another order than the lists: each picture found its row.
    for image, name in zip(
        species.images, ["Abyssinian_1", "Egyptian_Mau_3", "Abyssinian_10", "beagle_7"], strict=True
    ):
        assert np.array_equal(image, to_bytes(small_pets[name], 40))
    with pytest.raises(ValueError, match="'species' or 'breed'"):
        datasets.pets(labels="colour")


def test_pets_with_other_bytes_are_refused(data, small_pets):
    with open(data / "pets" / "images.tar.gz", "ab") as file:
        file.write(b"0")
    with pytest.raises(ValueError, match=r"not the official images\.tar\.gz"):
        datasets.pets()


def cifar_members(seed=0, count=20):
    random = np.random.default_rng(seed)
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        batch = {
            b"data": random.integers(0, 256, (count, 3072), dtype=np.uint8),
            b"labels": random.integers(0, 10, count).tolist(),
        }
        yield f"cifar-10-batches-py/{name}", batch


def test_cifar10_turns_rows_of_planes_into_pictures(data, monkeypatch):
    batches = list(cifar_members())
    members = [(name, pickle.dumps(batch, protocol=2)) for name, batch in reversed(batches)]
    path = tar_gz(data / "cifar-10-python.tar.gz", members)
    with pytest.raises(ValueError, match="not the official"):
        datasets.cifar10()
    official(monkeypatch, arrays, "_CIFAR10", path)
    everything = datasets.cifar10("all")
    assert everything.images.shape == (120, 32, 32, 3) and everything.images.dtype == np.uint8
    assert everything.labels.tolist() == [x for _, batch in batches for x in batch[b"labels"]]
    row = batches[2][1][b"data"][5]
    assert np.array_equal(everything.images[45, :, :, 1], row[1024:2048].reshape(32, 32))
    assert everything.names[3] == "cat" and len(everything.names) == 10
    tar_gz(data / "short.tar.gz", members[1:])
    with pytest.raises(ValueError, match="lacks test_batch"):
        arrays.read_cifar10(tar_gz(data / "short.tar.gz", members[1:]))


class Evil:
    def __reduce__(self):
        return os.system, ("touch evil",)


def test_a_pickle_that_would_run_something_is_refused(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    members = [("cifar-10-batches-py/data_batch_1", pickle.dumps({b"data": Evil()}, protocol=2))]
    with pytest.raises(ValueError, match=r"asks to run .*system"):
        arrays.read_cifar10(tar_gz(data / "evil.tar.gz", members))
    assert not (tmp_path / "evil").exists()


def idx(values):
    header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">i4").tobytes()
    return gzip.compress(header + values.tobytes())


def test_mnist_is_read_and_checked(data, monkeypatch):
    random = np.random.default_rng(1)
    values = [
        random.integers(0, 256, shape, dtype=np.uint8)
        for shape in ((7, 28, 28), (7,), (3, 28, 28), (3,))
    ]
    sources = []
    (data / "mnist").mkdir()
    for value, source in zip(values, arrays._MNIST, strict=True):
        path = data / source.name
        path.write_bytes(idx(value))
        md5 = hashlib.md5(path.read_bytes()).hexdigest()
        sources.append(source._replace(checksum=f"md5:{md5}"))
    with pytest.raises(ValueError, match=r"not the official train-images-idx3-ubyte\.gz"):
        datasets.mnist()
    monkeypatch.setattr(arrays, "_MNIST", sources)
    everything = datasets.mnist("all")
    assert np.array_equal(everything.images, np.concatenate([values[0], values[2]]))
    assert np.array_equal(everything.labels, np.concatenate([values[1], values[3]]))


@needs_mnist
def test_the_real_mnist(monkeypatch):
    monkeypatch.setenv("CNNKIT_DATA", PRIVATE)
    train, test = datasets.mnist("train"), datasets.mnist("test")
    assert train.images.shape == (60_000, 28, 28) and test.images.shape == (10_000, 28, 28)
    assert np.bincount(train.labels).tolist()[:3] == [5923, 6742, 5958]
    assert round(train.images.mean() / 255, 4) == 0.1307  # the mean that everyone subtracts
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]
