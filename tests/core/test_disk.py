"""Files are written whole or not at all, and what the disk refuses is told as it is."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from disks import fill, small_disk

from cnnkit.disk import as_path, reading, write_whole, writing


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "notes.txt"
    write_whole(path, "eins – zwei")
    write_whole(path, b"drei")
    write_whole(path, memoryview(b"vier"))
    assert path.read_bytes() == b"vier" and os.listdir(tmp_path) == ["notes.txt"]


def test_two_writers_at_once_leave_a_whole_file(tmp_path):
    path, contents = tmp_path / "notes.txt", [bytes([letter]) * 10**6 for letter in b"ab"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: write_whole(path, contents[i % 2]), range(40)))
    assert path.read_bytes() in contents and os.listdir(tmp_path) == ["notes.txt"]


@pytest.mark.parametrize(
    ("word", "place"), [("~/run", "/home/me/run"), ("a~", "a~"), ("~nobody!/a", "~nobody!/a")]
)
def test_a_path_may_begin_at_home(word, place, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert as_path(word, "out") == Path(place)


def test_a_full_disk_keeps_what_was_there(tmp_path):
    with small_disk(tmp_path / "disk", 10**5) as disk:
        write_whole(disk / "notes.txt", b"old")
        fill(disk)
        with pytest.raises(
            OSError, match=r"notes.txt could not be written \(No space left"
        ) as full:
            write_whole(disk / "notes.txt", bytes(10**5))
        assert full.value.errno == errno.ENOSPC and "Free some space there" in str(full.value)
        assert (disk / "notes.txt").read_bytes() == b"old"
        assert sorted(os.listdir(disk)) == ["filler", "notes.txt"]


def test_a_link_stays_one_and_a_pipe_is_written_to(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_whole(tmp_path / "link", "words")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "file").read_text() == "words"
    write_whole("/dev/null", "words")
    assert not os.path.isfile("/dev/null")
    with pytest.raises(OSError, match=r"/dev/full could not be written \(No space left"):
        write_whole("/dev/full", "words")


def test_a_place_that_is_not_there_is_named(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"no/notes.txt could not be written .*or name another place"
    ):
        write_whole(tmp_path / "no" / "notes.txt", "words")
    with pytest.raises(IsADirectoryError, match="could not be written"):
        write_whole(tmp_path, "words")


def test_reading_and_writing_are_not_mixed_up():
    words = r"^\[Errno 13\] a could not be read \(Perm"
    with pytest.raises(PermissionError, match=words) as found, writing("b"), reading("a"):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))
    assert found.value.filename == "a" and "b could not" not in str(found.value)
