"""Files found, fetched, checked, and archives opened with care; each failure explained.

Downloads come from a server on 127.0.0.1 that can be slow, break off, or send the wrong thing.
"""

import contextlib
import hashlib
import http.server
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from archives import cats_zip, tar_gz
from hypothesis import given
from hypothesis import strategies as st

from cnnkit import datasets
from cnnkit.datasets import files

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


def homeless(monkeypatch):
    """As in a container whose user has neither a name nor a home."""
    pwd = pytest.importorskip("pwd")

    def nobody(_):
        raise KeyError("uid not found")

    for variable in ("HOME", "XDG_CACHE_HOME", "CNNKIT_CACHE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)


def test_data_in_a_folder_of_ones_own_need_no_home_and_no_cache(data, monkeypatch):
    homeless(monkeypatch)
    (data / "file.bin").write_bytes(CONTENT)
    assert files.find(source_at("http://127.0.0.1:9/never")) == data / "file.bin"
    cats_zip(data / "kagglecatsanddogs_x.zip", [0])
    with pytest.raises(ValueError, match=r"no home folder.*CNNKIT_CACHE"):
        datasets.cats_vs_dogs()
    monkeypatch.delenv("CNNKIT_DATA")
    with pytest.raises(ValueError, match=r"no home folder.*CNNKIT_CACHE"):
        files.find(source_at("http://127.0.0.1:9/never"))


def test_a_folder_that_cannot_be_written_is_explained(data, serve, monkeypatch):
    (data / "taken").write_text("a file where a folder should be")
    cats_zip(data / "kagglecatsanddogs_x.zip", [0])
    monkeypatch.setenv("CNNKIT_CACHE", str(data / "taken"))
    with pytest.raises(OSError, match=r"CNNKIT_CACHE .* folders that are yours"):
        datasets.cats_vs_dogs()
    monkeypatch.setenv("CNNKIT_DATA", str(data / "taken"))
    with pytest.raises(OSError, match="Nothing can be written to"):
        files.find(source_at(serve().url("/a")), download=True)


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


def test_a_zip_with_a_member_that_leads_out_is_refused(data, tmp_path):
    cats_zip(data / "kagglecatsanddogs_x.zip", [0], extra=[("../../evil.txt", b"evil")])
    with pytest.raises(ValueError, match=r"'\.\./\.\./evil\.txt'"):
        datasets.cats_vs_dogs()
    assert not [p for p in tmp_path.rglob("*") if "evil" in p.name or "unfinished" in p.name]


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
