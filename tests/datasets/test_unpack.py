"""The zip of a benchmark, unpacked; and the photos of a collection that are on disk."""

import zipfile

import pytest
from mp16 import jpeg

from g3lite.datasets import remote
from g3lite.downloads.hub import DownloadError
from g3lite.photos import NotThere
from g3lite.support.images import find_pictures

TABLE = "IMG_ID,AUTHOR,LAT,LON\na.jpg,ann,1,2\nb.jpg,bob,3,4\n"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv(remote.VARIABLE, str(tmp_path / "photos"))


def packed(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def usual(path, table=True):
    members = {f"im2gps3ktest/{name}.jpg": jpeg(k) for k, name in enumerate("ab")}
    listed = {"im2gps3k_places365.csv": TABLE} if table else {}
    return packed(path, members | listed | {"im2gps3ktest/README": "hello"})


def test_the_usual_zip_is_unpacked_and_loaded(tmp_path):
    folder = remote.unpack(usual(tmp_path / "im2gps3ktest.zip"), "im2gps3k")
    assert folder == tmp_path / "photos" / "im2gps3k"
    photos = remote.benchmark("im2gps3k")
    assert photos.ids == ["a.jpg", "b.jpg"] and photos.read("b.jpg") == jpeg(1)
    assert not list(folder.rglob("README"))


def test_what_is_unpacked_is_left_as_it_is(tmp_path):
    folder = remote.unpack(usual(tmp_path / "z.zip"), "im2gps3k", tmp_path / "here")
    (folder / "im2gps3ktest" / "a.jpg").unlink()
    assert remote.unpack(tmp_path / "gone.zip", "im2gps3k", folder) == folder
    assert [path.name for path in find_pictures(folder)] == ["b.jpg"]


def test_names_do_not_lead_out_of_the_folder(tmp_path):
    path = packed(tmp_path / "z.zip", {"../../up.jpg": jpeg(0), "/root.jpg": jpeg(1)})
    folder = remote.unpack(path, "im2gps3k", tmp_path / "deep" / "here")
    inside = {found.relative_to(folder).as_posix() for found in find_pictures(folder)}
    assert inside == {"up.jpg", "root.jpg"}
    assert not (tmp_path / "up.jpg").exists()


def test_what_a_mac_adds_is_left_out(tmp_path):
    members = {"im/a.jpg": jpeg(0), "__MACOSX/im/._a.jpg": b"x", "im/._b.jpg": b"x"}
    folder = remote.unpack(packed(tmp_path / "z.zip", members), "im2gps3k")
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["a.jpg"]


def damaged(path):
    data = bytearray(usual(path).read_bytes())
    data[60] ^= 255  # in the first picture
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "there is no file .*: upload it .*im2gps3ktest.zip, http"),
        (lambda path: path.write_bytes(b"no zip"), "is no zip that can be read .*: get it again"),
        (lambda path: packed(path, {"a.txt": "1", "b.txt": "2"}), "no picture is in .* a.txt, b.t"),
        (lambda path: packed(path, {}), "which holds nothing"),
        (damaged, "is no zip that can be read .*get it again"),
    ],
)
def test_another_file_is_refused_with_the_way_out(tmp_path, make, words):
    make(tmp_path / "z.zip")
    with pytest.raises(NotThere, match=words):
        remote.unpack(tmp_path / "z.zip", "im2gps3k")
    assert not find_pictures(tmp_path / "photos")


def test_a_zip_larger_than_the_disk_is_not_unpacked(tmp_path, monkeypatch):
    usage = remote.hub.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(remote.hub.shutil, "disk_usage", lambda path: usage._replace(free=10))
    with pytest.raises(DownloadError, match="10 free|0.0 MB free"):
        remote.unpack(usual(tmp_path / "z.zip"), "im2gps3k")


def test_nothing_of_a_collection_is_on_disk(tmp_path):
    assert remote.on_disk("osv5m") is None
