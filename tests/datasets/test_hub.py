"""Getting photos: from a local hub that cuts, refuses, lies and fills up, as real ones do."""

import errno
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
import tracemalloc
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from huggingface_hub import constants
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from local_hub import COMMIT, TOKEN, LocalHub
from mp16 import HEADER, MP16, jpeg, row, split, tar_of

from g3lite import paths, photos, presets
from g3lite.datasets import archives, remote
from g3lite.datasets.load import load_photos
from g3lite.downloads import hub
from g3lite.downloads.hub import DownloadError, Repo, TooLarge
from g3lite.photos import NotThere


@pytest.fixture
def local(hub_server, monkeypatch):
    """A hub with MP16-Pro of 40 photos in 19 pieces, and nothing of it on disk."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(hub, "BLOCK", 4_096)
    monkeypatch.setattr(remote, "SHARD", 10)
    small = replace(remote.COLLECTIONS["mp16-pro"], min_bytes=500, photo_bytes=2_000)
    monkeypatch.setitem(remote.COLLECTIONS, "mp16-pro", small)

    pictures = {f"./images/a_{k:03d}.jpg": jpeg(k) for k in range(40)}
    table = "\n".join([HEADER, *(row(k) for k in range(40))])
    files = {"metadata/MP16_Pro_filtered.csv": table.encode(), **split(tar_of(pictures), 19)}
    hub_server.repos["dataset", MP16] = files
    return hub_server


def change_archive(server: LocalHub, members: dict[str, bytes]) -> None:
    server.repos["dataset", MP16] |= split(tar_of(members), 19)


def bytes_asked(server: LocalHub, *names: str) -> int:
    """Bytes of the ranges that were asked for."""
    total = 0
    for name in names:
        for asked in server.fetched(name):
            start, stop = asked.removeprefix("bytes=").split("-")
            total += int(stop) + 1 - int(start)
    return total


# The first photos of an archive in pieces


def test_the_first_photos_come_with_their_rows_and_nothing_else(local, capsys):
    with pytest.warns(UserWarning, match="mp16-pro: gated: academic use under its authors' terms"):
        got = load_photos("mp16-pro", 7)
    assert got.ids == [f"a_{k:03d}.jpg" for k in range(7)]
    assert all(got.read(img_id) == jpeg(k) for k, img_id in enumerate(got.ids))
    assert got.image("a_003.jpg").size == (24, 24)
    np.testing.assert_allclose(got.coordinates[:, 0], -22.5 - np.arange(7) / 100)
    assert list(got.table) == list(photos.SCHEMA)
    assert got.table["city"][0] == "Windhoek" and got.table["country"][0] == "Namibia"
    assert set(got.table["continent"]) == {"Africa"}  # empty in the file
    assert got.version == f"mp16-pro-{COMMIT}"
    assert capsys.readouterr().out == ""
    pieces = [f"mp-16-images{k:02d}" for k in range(19)]
    needed = sum(len(jpeg(k)) + 1024 for k in range(7))
    assert bytes_asked(local, *pieces) < needed + 2 * hub.BLOCK
    assert not local.fetched("mp-16-images18")


def test_photos_that_are_there_need_no_network(local):
    first = load_photos("mp16-pro", 25)
    asked = len(local.log)
    again = load_photos("mp16-pro", 25)
    fewer = load_photos("mp16-pro", 3)
    assert len(local.log) == asked
    assert again.ids == first.ids and fewer.ids == first.ids[:3]
    assert again.read("a_024.jpg") == jpeg(24)


def test_more_photos_go_on_where_the_last_ended(local):
    load_photos("mp16-pro", 12)
    before = len(local.log)
    got = load_photos("mp16-pro", 33)
    assert got.ids == [f"a_{k:03d}.jpg" for k in range(33)]
    assert [got.read(i) for i in got.ids] == [jpeg(k) for k in range(33)]
    later = [path for method, path, _, _ in local.log[before:] if method == "GET"]
    assert not any(path.endswith("mp-16-images00") for path in later)
    assert not any(path.endswith(".csv") for path in later)


def test_the_version_of_the_first_photos_is_kept(local):
    first = load_photos("mp16-pro", 10)
    local.commit = "b" * 40
    local.repos["dataset", MP16]["card.md"] = b""
    before = len(local.log)
    assert load_photos("mp16-pro", 20).version == first.version
    assert all("/resolve/main/" not in path for _, path, _, _ in local.log[before:])


def test_an_archive_with_fewer_photos_gives_what_it_has(local):
    with pytest.warns(UserWarning, match="mp16-pro has 40 photos, not 99"):
        assert len(load_photos("mp16-pro", 99)) == 40
    asked = len(local.log)
    with pytest.warns(UserWarning, match="has 40 photos"):
        load_photos("mp16-pro", 99)
    assert len(local.log) == asked
    assert len(list((remote.photos_dir() / "mp16-pro").glob("*.tar"))) == 4


@pytest.mark.parametrize("n", [None, 0, -3])
def test_how_many_photos_must_be_said(local, n):
    with pytest.raises(DownloadError, match="4,122,119 photos: say how many"):
        load_photos("mp16-pro", n)
    assert not local.log


def test_pictures_that_are_no_photos_of_the_table_are_left_out_and_counted(local):
    twice = {"./images/deep/a_001.jpg": jpeg(1)}
    change_archive(
        local,
        {
            "./images/a_000.jpg": jpeg(0),
            "./images/gone.jpg": jpeg(90),
            "./images/a_002.jpg": b"x" * 499,
            "./images/notes.txt": b"no picture",
            "./images/a_001.jpg": jpeg(1),
            **twice,
            "./images/a_003.jpg": jpeg(3),
        },
    )
    with pytest.warns(UserWarning, match="1 without a row .* 1 below 500 bytes, 1 of a name that"):
        got = load_photos("mp16-pro", 3)
    assert got.ids == ["a_000.jpg", "a_001.jpg", "a_003.jpg"]


def test_rows_that_cannot_be_used_cost_only_themselves(local):
    bad = ["a_001.jpg,1@N00,north,17,,,,,,,,,,,,,na,", "a_002.jpg,1@N00,95,17,,,,,,,,,,,,,na,"]
    rows = [row(0), *bad, row(3).replace(",0,1,2,", ",x,1,2,"), row(4), row(4)]
    table = "\n".join([HEADER, *rows]).encode() + b"\na_005.jpg,\xff,1,2,,,,,,,,,,,,,na,"
    local.repos["dataset", MP16]["metadata/MP16_Pro_filtered.csv"] = table
    with pytest.warns(UserWarning) as said:
        got = load_photos("mp16-pro", 4)
    assert got.ids == ["a_000.jpg", "a_003.jpg", "a_004.jpg", "a_005.jpg"]
    words = " ".join(str(warning.message) for warning in said)
    assert "MP16_Pro_filtered.csv: 3 of 7 rows" in words
    assert "row 1: a_001.jpg, nan, 17.0" in words
    assert np.isnan(got.table["S3_Label"].astype("Float64").to_numpy(float, na_value=np.nan)[1])


def test_whatever_stands_in_a_row_comes_back_from_disk(local):
    files = local.repos["dataset", MP16]
    table = files["metadata/MP16_Pro_filtered.csv"].decode()
    table = table.replace(",Windhoek,", ',"Wind\rhoek",')
    files["metadata/MP16_Pro_filtered.csv"] = table.encode()
    for _ in range(2):
        assert load_photos("mp16-pro", 2).table["city"][0] == "Wind\rhoek"


def test_ids_with_slashes_find_their_pictures(local):
    files = local.repos["dataset", MP16]
    table = files["metadata/MP16_Pro_filtered.csv"].decode().replace("a_0", "a/0")
    files["metadata/MP16_Pro_filtered.csv"] = table.encode()
    assert load_photos("mp16-pro", 2).ids == ["a_000.jpg", "a_001.jpg"]


def test_a_member_can_write_nowhere(local, tmp_path):
    evil = {"../../../evil.jpg": jpeg(1), "/abs/a_000.jpg": jpeg(0), "../a_001.jpg": jpeg(1)}
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        link = tarfile.TarInfo("./images/a_002.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    rest = tar_of(evil)
    local.repos["dataset", MP16] |= split(data.getvalue()[: tarfile.BLOCKSIZE] + rest, 19)
    with pytest.warns(UserWarning, match="1 without a row"):
        got = load_photos("mp16-pro", 2)
    assert got.ids == ["a_000.jpg", "a_001.jpg"]
    inside = {path.suffix for path in (tmp_path / "cache" / "photos").rglob("*") if path.is_file()}
    assert inside <= {".tar", ".parquet", ".json", ""}
    assert not list(tmp_path.rglob("*evil*")) and not list(tmp_path.rglob("*.jpg"))


# Connections, refusals, disks


def test_a_cut_connection_is_made_again(local):
    local.cuts = {"mp-16-images00": [100, 0, 700], "mp-16-images01": [1]}
    got = load_photos("mp16-pro", 8)
    assert [got.read(i) for i in got.ids] == [jpeg(k) for k in range(8)]


def test_an_answer_that_is_too_short_is_asked_for_again(local):
    local.repos["model", "some/model"] = {"card.md": b"first words"}
    local.short = {"card.md": [3, 0]}
    assert hub.file(Repo("some/model", "model"), "card.md").read_bytes() == b"first words"


def test_a_lost_connection_keeps_what_has_come(local):
    local.cuts = {"mp-16-images09": [10] * 50}
    with pytest.raises(DownloadError, match="mp-16-images09 of .* kept: call again to go on"):
        load_photos("mp16-pro", 38)
    state = json.loads((remote.photos_dir() / "mp16-pro" / "state.json").read_text())
    assert [shard["photos"] for shard in state["shards"]] == [10, 10]
    assert not list((remote.photos_dir() / "mp16-pro").glob("*.part"))
    local.cuts = {}
    before = len(local.log)
    got = load_photos("mp16-pro", 38)
    assert [got.read(i) for i in got.ids] == [jpeg(k) for k in range(38)]
    again = [path for method, path, _, _ in local.log[before:] if method == "GET"]
    assert not any(path.endswith("mp-16-images00") for path in again)


def test_a_busy_hub_is_asked_again(local):
    local.failures = [503, 429]
    assert len(load_photos("mp16-pro", 2)) == 2


def test_a_shard_that_was_damaged_on_disk_is_fetched_again(local):
    load_photos("mp16-pro", 30)
    folder = remote.photos_dir() / "mp16-pro"
    tar = folder / "0001.tar"
    tar.write_bytes(tar.read_bytes()[:5_000])
    got = load_photos("mp16-pro", 30)
    assert [got.read(i) for i in got.ids] == [jpeg(k) for k in range(30)]


def test_a_damaged_archive_says_so_and_keeps_what_is_before(local):
    files = local.repos["dataset", MP16]
    whole = bytearray(b"".join(files[f"mp-16-images{k:02d}"] for k in range(19)))
    offset = whole.find(b"./images/a_025.jpg")
    whole[offset + 148 : offset + 156] = b"garbage!"  # the checksum of its header
    files |= split(bytes(whole), 19)
    with pytest.raises(DownloadError, match=rf"archive of {MP16}.*no header at byte {offset:,}"):
        load_photos("mp16-pro", 30)
    assert load_photos("mp16-pro", 20).ids[-1] == "a_019.jpg"


def test_an_archive_that_ends_too_early_says_so(local):
    files = local.repos["dataset", MP16]
    files["mp-16-images18"] = b""
    files["mp-16-images10"] = files["mp-16-images10"][:700]
    for k in range(11, 18):
        files[f"mp-16-images{k:02d}"] = b""
    with pytest.raises(DownloadError, match="damaged|ends within"):
        load_photos("mp16-pro", 40)


def test_a_server_that_sends_no_parts_is_refused(local):
    local.ranges = False
    with pytest.raises(DownloadError, match="cannot be read in parts"):
        load_photos("mp16-pro", 2)


def test_a_gated_set_says_where_to_accept_its_terms(local, monkeypatch):
    local.gated.add(MP16)
    page = f"{local.url}/datasets/{MP16}"
    with pytest.raises(DownloadError, match=rf"mp-16-images00 of .* is gated.* {page} .*HF_TOKEN"):
        load_photos("mp16-pro", 2)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert len(load_photos("mp16-pro", 2)) == 2
    # The token is for the hub alone, not for the host of its large files.
    sent = [(path.split("/")[1], token) for _, path, _, token in local.log]
    assert ("datasets", f"Bearer {TOKEN}") in sent
    assert {token for host, token in sent if host == "cdn"} == {None}


def test_a_token_without_access_is_told_apart(local, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    local.denied.add(MP16)
    with pytest.raises(DownloadError, match="your account has no access yet"):
        load_photos("mp16-pro", 2)


def test_what_is_not_there_is_named(local, monkeypatch):
    with pytest.raises(DownloadError, match="datasets/no/body does not exist, or is private"):
        hub.file(Repo("no/body"), "x.csv")
    with pytest.raises(DownloadError, match=f"datasets/{MP16} has no file x.csv"):
        hub.file(Repo(MP16), "x.csv")
    with pytest.raises(DownloadError, match="lost the version"):
        hub.metadata(Repo(MP16), "mp-16-images00", "b" * 40)
    nobody = "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", nobody)
    with pytest.raises(DownloadError, match="mp-16-images00 of .* could not be read"):
        hub.metadata(Repo(MP16), "mp-16-images00")


def test_no_room_is_noticed_before(local, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=1_500)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(DownloadError, match=r"photos of mp16-pro.* needs .* free: make room"):
        load_photos("mp16-pro", 2)
    assert not any(local.fetched(f"mp-16-images{k:02d}") for k in range(19))


def test_no_room_left_keeps_the_complete_shards(local, monkeypatch):
    real, written = tarfile.TarFile.addfile, []

    def addfile(tar, info, data=None):
        if len(written) == 14:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(info.name)
        return real(tar, info, data)

    monkeypatch.setattr(tarfile.TarFile, "addfile", addfile)
    with pytest.raises(DownloadError, match="no space left .* What has arrived is kept"):
        load_photos("mp16-pro", 30)
    folder = remote.photos_dir() / "mp16-pro"
    assert sorted(path.name for path in folder.glob("*.*") if path.suffix) == [
        "0000.parquet", "0000.tar", "state.json",
    ]  # fmt: skip
    monkeypatch.undo()


def test_large_downloads_are_refused_until_they_are_allowed(local, monkeypatch, capsys):
    vast = replace(remote.COLLECTIONS["mp16-pro"], photo_bytes=10**9)
    monkeypatch.setitem(remote.COLLECTIONS, "mp16-pro", vast)
    usage = shutil.disk_usage("/")._replace(free=10**12)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("the library asked"))
    with pytest.raises(
        TooLarge, match=r"is a download of 3\.0 GB: allow it with max_gb=3\.0"
    ) as no:
        load_photos("mp16-pro", 3)
    assert not any(local.fetched(f"mp-16-images{k:02d}") for k in range(19))
    assert no.value.what == "3 photos of mp16-pro (estimated)" and no.value.gb == 3.0
    assert len(load_photos("mp16-pro", 3, max_gb=no.value.gb)) == 3
    assert len(load_photos("mp16-pro", 5, max_gb=2.0)) == 5
    assert capsys.readouterr().out == ""


# Whole files


def test_a_limit_that_is_no_number_allows_nothing(local):
    with pytest.warns(UserWarning), pytest.raises(hub.TooLarge):
        load_photos("mp16-pro", 3, max_gb=float("nan"))


def test_a_file_is_fetched_once_checked_and_recorded(local, tmp_path):
    name = "metadata/MP16_Pro_filtered.csv"
    path = hub.file(Repo(MP16), name)
    data = local.repos["dataset", MP16][name]
    assert path.read_bytes() == data
    asked = len(local.log)
    assert hub.file(Repo(MP16), name) == path and len(local.log) == asked
    records = json.loads((tmp_path / "cache" / "hub" / "downloads.json").read_text())
    about = records[f"datasets/{MP16}/{name}"]
    assert about["sha256"] == hashlib.sha256(data).hexdigest() and about["bytes"] == len(data)
    assert about["commit"] == COMMIT and about["origin"] == "given by the hub"
    path.write_bytes(b"cut")
    assert hub.file(Repo(MP16), name).read_bytes() == data


def test_a_wrong_hash_is_refused_and_the_file_deleted(local, tmp_path):
    name = "metadata/MP16_Pro_filtered.csv"
    local.hashes[name] = "1" * 64
    with pytest.raises(DownloadError, match=rf"not {'1' * 64} \(given by the hub\)"):
        hub.file(Repo(MP16), name)
    assert [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()] == [".lock"]
    local.hashes = {}
    assert hub.file(Repo(MP16), name).exists()


def test_a_small_file_is_held_against_its_first_download(local):
    repo = Repo("some/model", "model")
    local.repos["model", repo.id] = {"card.md": b"first words"}
    path = hub.file(repo, "card.md")
    assert path.read_bytes() == b"first words"
    path.unlink()
    local.repos["model", repo.id] = {"card.md": b"other words"}
    with pytest.raises(DownloadError, match=r"card.md of .* \(recorded at first download\)"):
        hub.file(repo, "card.md")


def test_a_broken_download_goes_on_where_it_stopped(local, monkeypatch):
    monkeypatch.setattr(hub, "BLOCK", 50_000)
    repo = Repo("some/model", "model")
    data = np.random.default_rng(0).bytes(300_000)
    local.repos["model", repo.id] = {"g3.pth": data}
    local.cuts = {"g3.pth": [50_000, 1_000, 50_000] + [0] * 20}
    with pytest.raises(DownloadError, match="g3.pth of some/model could not be read .* go on"):
        hub.file(repo, "g3.pth")
    local.cuts, before = {}, len(local.fetched("g3.pth"))
    assert hub.file(repo, "g3.pth").read_bytes() == data
    asked = local.fetched("g3.pth")[before:]
    assert asked[0] == "bytes=100000-149999" and len(asked) == 4
    assert len(list(paths.cache_dir().rglob("g3.pth*"))) == 1


def test_the_hub_of_the_environment_is_used(local, tmp_path):
    code = "from g3lite.datasets.load import load_photos; print(load_photos('mp16-pro', 2).ids)"
    small = "from g3lite.datasets import remote as c; from dataclasses import replace; "
    small += "c.COLLECTIONS['mp16-pro']=replace(c.COLLECTIONS['mp16-pro'], min_bytes=0); "
    environment = os.environ | {"HF_ENDPOINT": local.url, "G3LITE_CACHE": str(tmp_path / "other")}
    run = subprocess.run(
        [sys.executable, "-c", small + code],
        env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert "['a_000.jpg', 'a_001.jpg']" in run.stdout, run.stderr


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/evil.csv", "a/../../evil.csv"])
def test_a_listing_cannot_write_elsewhere(local, tmp_path, name):
    local.repos["model", "some/model"] = {name: b"x"}
    with pytest.raises(DownloadError, match="leads out of the folder of downloads"):
        hub.file(Repo("some/model", "model"), hub.find(Repo("some/model", "model"), "evil.csv"))
    assert not list(tmp_path.rglob("evil*"))


def test_without_a_network_it_is_said_so(local, monkeypatch):
    load_photos("mp16-pro", 12)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert len(load_photos("mp16-pro", 12)) == 12
    with pytest.raises(DownloadError, match="mp-16-images00 of .* HF_HUB_OFFLINE is set"):
        hub.metadata(Repo(MP16), "mp-16-images00")


# Files that are read as one


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cuts=st.lists(st.integers(0, 3_000), max_size=6),
    reads=st.lists(st.tuples(st.integers(0, 3_200), st.integers(0, 1_500)), min_size=1, max_size=8),
)
def test_pieces_read_as_one_are_the_whole(local, cuts, reads):
    whole = np.random.default_rng(1).bytes(3_000)
    edges = [0, *sorted(cuts), len(whole)]
    names = tuple(f"piece{k}" for k in range(len(edges) - 1))
    pieces = [whole[a:b] for a, b in zip(edges, edges[1:], strict=False)]
    local.repos["dataset", "in/pieces"] = dict(zip(names, pieces, strict=True))
    with io.BufferedReader(hub.Stream(Repo("in/pieces"), names), 700) as stream:
        for start, size in reads:
            stream.seek(start)
            assert stream.read(size) == whole[start : start + size]
        stream.seek(-10, io.SEEK_END)
        assert stream.read() == whole[-10:]


def zip_of(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


@pytest.fixture
def osv(local):
    """OSV-5M's first test shard, of 30 photos."""
    rows = ["id,latitude,longitude,country,region,sub-region,city,creator_username,climate"]
    rows += [f"{100 + k},{40 + k / 10},{2 + k},FR,Centre,Cher,Bourges,anna,3" for k in range(30)]
    pictures = {f"00/{100 + k}.jpg": jpeg(k) for k in range(30)}
    files = {"test.csv": "\n".join(rows).encode(), "images/test/00.zip": zip_of(pictures)}
    local.repos["dataset", "osv5m/osv5m"] = files
    return local


def test_the_open_collection_is_read_from_its_zip(osv):
    got = load_photos("osv5m", 12)
    assert got.ids == [f"{100 + k}.jpg" for k in range(12)]
    assert [got.read(i) for i in got.ids] == [jpeg(k) for k in range(12)]
    assert got.table.loc[3, ["AUTHOR", "city", "state", "country", "country_code"]].tolist() == [
        "anna", "Bourges", "Centre", "France", "fr",
    ]  # fmt: skip
    size = len(osv.repos["dataset", "osv5m/osv5m"]["images/test/00.zip"])
    assert bytes_asked(osv, "images/test/00.zip") < size
    assert load_photos("osv5m", 15).read("114.jpg") == jpeg(14)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_photo_of_a_zip_is_left_out(osv, compression):
    data = bytearray(zip_of({f"00/{100 + k}.jpg": jpeg(k) for k in range(30)}, compression))
    place = data.find(b"00/102.jpg") + len("00/102.jpg")
    data[place : place + 40] = b"\xff" * 40  # no beginning of a compressed file
    osv.repos["dataset", "osv5m/osv5m"]["images/test/00.zip"] = bytes(data)
    with pytest.warns(UserWarning, match="osv5m: pictures left out: 1 damaged"):
        got = load_photos("osv5m", 3)
    assert got.ids == ["100.jpg", "101.jpg", "103.jpg"]


def test_a_zip_unpacks_no_more_than_it_claims():
    """A few kilobytes that claim to hold ten bytes, and hold twenty million."""
    data = bytearray(zip_of({"1.jpg": bytes(20_000_000)}, zipfile.ZIP_DEFLATED))
    sizes = data.rfind(b"PK\x01\x02") + 24
    data[sizes : sizes + 4] = (10).to_bytes(4, "little")
    found = archives.members(io.BytesIO(bytes(data)), "zip")
    member = next(found)
    tracemalloc.start()
    with pytest.raises(archives.ArchiveError, match="1.jpg is damaged"):
        member.read()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize("form", ["tar", "zip"])
def test_members_come_in_the_order_of_the_archive_from_any_of_them(form):
    content = {f"./images/{name}.jpg": jpeg(k) for k, name in enumerate("bca")}
    data = io.BytesIO(tar_of(content) if form == "tar" else zip_of(content))
    found = list(archives.members(data, form))
    assert [member.name for member in found] == ["b.jpg", "c.jpg", "a.jpg"]
    assert [member.size for member in found] == [len(jpeg(k)) for k in range(3)]
    assert [member.read() for member in archives.members(data, form)] == [jpeg(0), jpeg(1), jpeg(2)]
    for k, member in enumerate(found):
        rest = archives.members(data, form, member.end)
        assert [later.name for later in rest] == ["c.jpg", "a.jpg"][k:]


def test_a_zip_is_read_in_the_order_of_its_bytes():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for k in range(3):
            archive.writestr(f"{k}.jpg", jpeg(k))
        archive.filelist.reverse()  # as its directory lists them
    assert [member.name for member in archives.members(data, "zip")] == ["0.jpg", "1.jpg", "2.jpg"]


def test_links_and_folders_are_no_members():
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo("images/a.jpg")
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
    assert not list(archives.members(data, "tar"))


def test_a_tar_that_is_cut_between_two_files_is_said():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for number in range(3):
            info = tarfile.TarInfo(f"{number}.jpg")
            info.size = len(jpeg(number))
            tar.addfile(info, io.BytesIO(jpeg(number)))
    data = stream.getvalue()
    whole = list(archives.members(stream, "tar"))
    assert [data[one.offset : one.offset + one.size] for one in whole] == [
        jpeg(n) for n in range(3)
    ]
    found = archives.members(io.BytesIO(data[: whole[1].end]), "tar")
    assert [next(found).name, next(found).name] == ["0.jpg", "1.jpg"]
    with pytest.raises(archives.ArchiveError, match="cut off or damaged"):
        next(found)


def test_a_tar_that_ends_within_a_picture_says_so():
    data = tar_of({"./images/a.jpg": jpeg(0)})
    member = next(archives.members(io.BytesIO(data[: data.find(jpeg(0)) + 99]), "tar"))
    with pytest.raises(archives.ArchiveError, match="the archive ends within ./images/a.jpg"):
        member.read()


def test_what_is_no_archive_is_named():
    with pytest.raises(archives.ArchiveError, match="zip archive is damaged"):
        list(archives.members(io.BytesIO(b"<html>" * 100), "zip"))
    with pytest.raises(archives.ArchiveError, match="tar archive is damaged"):
        list(archives.members(io.BytesIO(b"<html>" * 100), "tar"))


# Benchmarks: the photos are the user's, the table may be fetched

TABLE = "IMG_ID,AUTHOR,LAT,LON,S3_Label\nx_1.jpg,1@N00,10.5,120.5,0\nx_2.jpg,2@N00,-7,-60,1\n"


@pytest.fixture
def queries(local, tmp_path, monkeypatch):
    """A folder of two photos, and a table on the web."""
    folder = tmp_path / "unpacked" / "im2gps3ktest"
    folder.mkdir(parents=True)
    for k in (1, 2):
        (folder / f"x_{k}.jpg").write_bytes(jpeg(k))
    local.web["/raw/im2gps3k_places365.csv"] = TABLE.encode()
    digest = hashlib.sha256(TABLE.encode()).hexdigest()
    url = f"{local.url}/raw/im2gps3k_places365.csv"
    monkeypatch.setattr(remote, "IM2GPS3K_TABLE", (url, digest, len(TABLE)))
    return folder


def test_a_benchmark_fetches_its_table(local, queries, recwarn):
    beside = queries.parent / "__MACOSX"  # what a Mac puts into a zip
    beside.mkdir()
    for k in range(3):
        (beside / f"._x_{k}.jpg").write_bytes(b"")
    got = load_photos("im2gps3k", folder=queries.parent)
    assert got.name == "im2gps3k" and got.ids == ["x_1.jpg", "x_2.jpg"]
    assert got.read("x_2.jpg") == jpeg(2) and not recwarn.list
    asked = len(local.log)
    assert len(load_photos("im2gps3k", 1, folder=queries)) == 1
    assert len(local.log) == asked


def test_a_table_with_the_wrong_hash_is_refused(local, queries):
    local.web["/raw/im2gps3k_places365.csv"] = TABLE.replace("10.5", "10.6").encode()
    with pytest.raises(DownloadError, match="im2gps3k_places365.csv could not be had: SHA256"):
        load_photos("im2gps3k", folder=queries)


def test_a_table_that_cannot_be_reached_is_named(local, queries):
    local.web.clear()
    with pytest.raises(DownloadError, match="im2gps3k_places365.csv could not be had: 404"):
        load_photos("im2gps3k", folder=queries)


def test_a_table_beside_the_photos_comes_first(local, queries):
    (queries.parent / "im2gps3k_places365.csv").write_text(TABLE.replace("10.5", "11.5"))
    assert load_photos("im2gps3k", folder=queries).coordinates[0].tolist() == [11.5, 120.5]
    assert not local.log


def test_the_photos_of_a_benchmark_are_found_by_the_environment(queries, monkeypatch, tmp_path):
    monkeypatch.setenv("G3LITE_PHOTOS", str(tmp_path / "mine"))
    shutil.copytree(queries, tmp_path / "mine" / "im2gps3k" / "images")
    assert len(load_photos("im2gps3k")) == 2


def test_without_photos_it_is_said_where_people_get_them(local):
    with pytest.raises(
        NotThere, match=r"none of the 4,536 photos of yfcc4k in .*yfcc4k\.zip.*not checked by us"
    ):
        load_photos("yfcc4k")


def test_yfcc4ks_table_is_looked_for_by_name_on_the_hub(local, tmp_path):
    header = ["0", "IMG_ID", *map(str, range(2, 12)), "LON", "LAT", *map(str, range(14, 25))]
    cells = dict.fromkeys(header, "") | {
        "IMG_ID": "55.jpg", "LON": "-79.4", "LAT": "43.6", "3": "5@N00", "17": "Attribution",
    }  # fmt: skip
    text = ",".join(header) + "\n" + ",".join(cells[c] for c in header) + "\n"
    files = {"README.md": b"", "data/yfcc4k_places365.csv": text.encode()}
    local.repos["model", "Jia-py/G3-checkpoint"] = files
    (tmp_path / "55.jpg").write_bytes(jpeg(5))
    got = load_photos("yfcc4k", folder=tmp_path)
    assert got.table.loc[0, ["IMG_ID", "AUTHOR", "licence"]].tolist() == [
        "55.jpg", "5@N00", "Attribution",
    ]  # fmt: skip
    assert got.coordinates.tolist() == [[43.6, -79.4]]
    del files["data/yfcc4k_places365.csv"]
    with pytest.raises(DownloadError, match="has no file other.csv; it has README.md"):
        hub.find(remote.G3_CHECKPOINT, "other.csv")


def test_the_official_weights_are_fetched_once(local):
    weights = np.random.default_rng(2).bytes(20_000)
    local.repos["model", "Jia-py/G3-checkpoint"] = {"g3.pth": weights}
    with pytest.raises(TooLarge, match="Jia-py/G3-checkpoint: g3.pth is a download of 0.0 MB"):
        presets.fetch_weights(max_gb=1e-6)
    assert presets.fetch_weights().read_bytes() == weights
    requests = len(local.log)
    assert presets.fetch_weights(max_gb=1e-6).read_bytes() == weights
    assert len(local.log) == requests
