"""Files from the Hugging Face Hub and the web: sizes limited, hashes checked, cuts survived.

Nothing larger than `max_gb` is fetched: `TooLarge` says how much it would be, and the caller
decides. `file` brings a whole file, `Stream` reads parts of files that are too large to bring.
Nothing here happens on import, and a file that is on disk is used without the network.
"""

from __future__ import annotations

import errno
import io
import math
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from g3lite import G3Error
from g3lite.paths import cache_dir, sha256_file, write_json
from g3lite.support.records import read_json

if TYPE_CHECKING:
    from huggingface_hub import HfFileMetadata

BLOCK = 8 * 2**20
"""Bytes per request when a file is read in parts."""
ATTEMPTS = 6
"""How often a part is asked for, with pauses of up to 8 s, before the connection counts as lost."""
_MAKE_ROOM = (
    "make room, or name another folder in the environment variable G3LITE_CACHE (for photos in "
    "G3LITE_PHOTOS, if that is set)"
)


class DownloadError(G3Error):
    """Data that could not be had; the message says why and what to do."""


class TooLarge(DownloadError):
    """A download that is larger than was allowed.

    Attributes:
        what: that would be downloaded.
        gb: its size in GB (10^9 bytes), rounded up: the `max_gb` that allows it.
    """

    def __init__(self, what: str, size: int) -> None:
        self.what, self.gb = what, math.ceil(size / 1e8) / 10
        super().__init__(
            f"{what} is a download of {_gb(size)}: allow it with max_gb={self.gb} (the command: "
            f"--max-gb {self.gb})"
        )


@dataclass(frozen=True)
class Repo:
    """A repository on the hub."""

    id: str
    type: Literal["dataset", "model"] = "dataset"

    @property
    def page(self) -> str:
        """Where a person finds it, and accepts its terms if it has any."""
        from huggingface_hub import constants

        folder = "datasets/" if self.type == "dataset" else ""
        return f"{constants.ENDPOINT}/{folder}{self.id}"


def check_size(what: str, size: int, folder: Path, max_gb: float = 1.0) -> None:
    """Refuse a download that is larger than `max_gb` (10^9 bytes each) or than the free space.

    Raises:
        TooLarge: it is larger than `max_gb`.
        DownloadError: there is no room for it.
    """
    free = shutil.disk_usage(folder).free
    if size > free:
        raise DownloadError(
            f"{what} needs {_gb(size)} and {folder} has {_gb(free)} free: {_MAKE_ROOM}"
        )
    if not size <= max_gb * 1e9:  # also where max_gb is no number
        raise TooLarge(what, size)


def check_model(name: str, revision: str | None = None, max_gb: float = 1.0) -> None:
    """`check_size` of a model that transformers is going to fetch, unless some of it is there.

    A name that the hub cannot have is left to transformers, whose message is a good one.

    Raises:
        DownloadError: as `check_size`; or there is no such model, or it may not be read.
    """
    from huggingface_hub import HfApi, constants, errors

    try:
        if commit_here(name, revision):
            return
    except errors.HFValidationError:
        return
    with explained(Repo(name, "model"), "the model"):
        files = HfApi().model_info(name, revision=revision, files_metadata=True).siblings or []
        kinds = {Path(file.rfilename).suffix for file in files}
        weights = ".safetensors" if ".safetensors" in kinds else ".bin"
        wanted = (weights, ".json", ".txt", ".jinja", ".model")
        size = sum(file.size or 0 for file in files if Path(file.rfilename).suffix in wanted)
        folder = Path(constants.HF_HUB_CACHE)
        folder.mkdir(parents=True, exist_ok=True)
    check_size(f"the model {name}", size, folder, max_gb)


def commit_here(name: str, revision: str | None = None) -> str | None:
    """The commit of the model of this name that transformers has fetched; None if it has none."""
    from huggingface_hub import errors, snapshot_download

    try:
        return Path(snapshot_download(name, revision=revision, local_files_only=True)).name
    except errors.LocalEntryNotFoundError:
        return None


def file(repo: Repo, filename: str, *, max_gb: float = 1.0) -> Path:
    """A file of a repository, downloaded on first use into `cache_dir()`.

    What it must be like is known from the hub (its large files are stored under their SHA-256), or
    else from the first download, which is recorded with the commit it came from; that commit is
    asked for ever after. The hash is taken once, after the download; later uses compare the size.
    An interrupted download goes on where it stopped, also in another process.

    Raises:
        DownloadError: it cannot be had, or is not what it should be; then it is deleted.
    """
    from filelock import FileLock

    if ".." in filename.split("/") or filename.startswith("/"):
        raise DownloadError(f"{filename!r} of {repo.id} leads out of the folder of downloads")
    path = cache_dir() / "hub" / f"{repo.type}s" / repo.id / filename
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(cache_dir() / "hub" / ".lock"):
        return _file(repo, filename, path, max_gb)


def _file(repo: Repo, filename: str, path: Path, max_gb: float) -> Path:
    key = f"{repo.type}s/{repo.id}/{filename}"
    record = _records().get(key, {})
    if record and path.exists() and path.stat().st_size == record["bytes"]:
        return path
    about = metadata(repo, filename, record.get("commit", "main"))
    part = path.with_name(f"{path.name}.{about.commit_hash}.part")
    have = part.stat().st_size if part.exists() else 0
    check_size(f"{repo.id}: {filename}", about.size - have, path.parent, max_gb)
    _download(repo, filename, about, part)

    digest = sha256_file(part)
    at_hub = about.etag if re.fullmatch("[0-9a-f]{64}", about.etag) else ""
    origin = "given by the hub" if at_hub else "recorded at first download"
    expected = at_hub or record.get("sha256", digest)
    if digest != expected:
        part.unlink()
        raise DownloadError(
            f"{filename} of {repo.id} has SHA-256 {digest}, not {expected} ({origin}); it was "
            "deleted. Try again; if it stays so, the file has been changed at its source"
        )
    part.replace(path)
    _record(key, commit=about.commit_hash, bytes=about.size, sha256=digest, origin=origin)
    return path


def _download(repo: Repo, filename: str, about: HfFileMetadata, part: Path) -> None:
    """Bring what is missing at the end of `part`. (The hub's own client begins again.)"""
    from tqdm.auto import tqdm

    with (
        explained(repo, filename),
        open(part, "ab") as out,
        Stream(repo, (filename,), about.commit_hash) as stream,
        tqdm(total=about.size, initial=out.tell(), desc=part.name[:30], unit="B", unit_scale=True)
        as bar,
    ):  # fmt: skip
        stream.seek(out.tell())
        while block := stream.read(BLOCK):
            out.write(block)
            bar.update(len(block))


def web_file(url: str, sha256: str, size: int, folder: Path) -> Path:
    """A file from the web whose SHA-256 is known, downloaded on first use into `folder`.

    Raises:
        DownloadError: it cannot be had, or is not what it should be.
    """
    import pooch

    name = url.rsplit("/", 1)[1]
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / name).exists():
        check_size(url, size, folder)
    pooch.get_logger().setLevel("WARNING")
    keeper = pooch.create(
        path=folder, base_url="", registry={name: f"sha256:{sha256}"}, urls={name: url},
        retry_if_failed=3,
    )  # fmt: skip
    try:
        return Path(keeper.fetch(name))
    except (OSError, ValueError) as error:  # requests' errors are OSErrors, a wrong hash the other
        raise DownloadError(f"{url} could not be had: {error}") from error


def find(repo: Repo, name: str) -> str:
    """Where in a repository the file of this name lies.

    Raises:
        DownloadError: it has no such file, or cannot be reached.
    """
    from huggingface_hub import HfApi

    with explained(repo, name):
        listed = HfApi().list_repo_files(repo.id, repo_type=repo.type)
    found = [path for path in listed if path.rsplit("/", 1)[-1] == name]
    if not found:
        raise DownloadError(f"{repo.page} has no file {name}; it has {', '.join(listed[:10])}")
    return found[0]


def metadata(repo: Repo, filename: str, revision: str = "main") -> HfFileMetadata:
    """Size, hash and commit of a file, from the hub.

    Raises:
        DownloadError: there is no such file, or it may not be read.
    """
    from huggingface_hub import get_hf_file_metadata

    with explained(repo, filename):
        about = get_hf_file_metadata(_url(repo, filename, revision), retry_on_errors=True)
    if None in (about.size, about.commit_hash, about.etag):
        raise DownloadError(f"{repo.page} says neither size nor version of {filename}")
    return about


class Stream(io.RawIOBase):
    """Files of a repository read as if they were one, and only where they are read.

    MP16-Pro's archive of 369 GB is stored in 19 pieces, cut anywhere. Wrap this in
    `io.BufferedReader(stream, BLOCK)`, which makes one request of many small reads.
    """

    def __init__(self, repo: Repo, filenames: tuple[str, ...], revision: str = "main") -> None:
        self.repo = repo
        self.filenames = filenames
        self.revision = revision
        self._sizes: list[int] = []  # of the files up to the one that was reached
        self._position = 0

    def readable(self) -> bool:
        """Always true."""
        return True

    def seekable(self) -> bool:
        """Always true."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte of the whole; from its end only if there are few files."""
        if whence == io.SEEK_CUR:
            offset += self._position
        elif whence == io.SEEK_END:
            offset += sum(self._size(k) for k in range(len(self.filenames)))
        self._position = max(0, offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Read into `buffer` what one request gives; 0 at the end of the last file."""
        offset = self._position
        for k, filename in enumerate(self.filenames):
            size = self._size(k)
            if offset < size:
                stop = min(offset + len(buffer), size)
                with explained(self.repo, filename):
                    data = _part(_url(self.repo, filename, self.revision), offset, stop)
                buffer[: len(data)] = data
                self._position += len(data)
                return len(data)
            offset -= size
        return 0

    def _size(self, k: int) -> int:
        while len(self._sizes) <= k:
            about = metadata(self.repo, self.filenames[len(self._sizes)], self.revision)
            self._sizes.append(about.size)
        return self._sizes[k]


@contextmanager
def explained(repo: Repo, what: str) -> Iterator[None]:
    """Turn whatever goes wrong with the hub or the disk into a `DownloadError` that helps."""
    from huggingface_hub import errors

    name = f"{what} of {repo.id}"
    try:
        yield
    except DownloadError:
        raise
    except errors.GatedRepoError as error:
        denied = error.response.status_code == 403
        raise DownloadError(
            f"{name} is gated: its authors ask you to accept their terms. Log in at {repo.page} "
            "and accept them there"
            + (" (your account has no access yet)" if denied else "")
            + "; then give this machine your token: run `hf auth login`, or set HF_TOKEN"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise DownloadError(
            f"{repo.page} does not exist, or is private, or your token (HF_TOKEN) is not valid"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise DownloadError(
            f"{repo.page} has lost the version that was in use here: delete what came of it, to "
            f"begin with the present one (in {cache_dir()}, or G3LITE_PHOTOS if that is set)"
        ) from error
    except errors.RemoteEntryNotFoundError as error:
        raise DownloadError(f"{repo.page} has no file {what}") from error
    except errors.OfflineModeIsEnabled as error:
        raise DownloadError(f"{name} is not on disk, and HF_HUB_OFFLINE is set") from error
    except Exception as error:  # clients of the hub raise nearly anything when a connection breaks
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise DownloadError(
                f"no space left for {name}: {_MAKE_ROOM}. What has arrived is kept"
            ) from error
        raise DownloadError(
            f"{name} could not be read ({type(error).__name__}: {error}). Is there a network? What "
            "has arrived is kept: call again to go on"
        ) from error


def _part(url: str, start: int, stop: int) -> bytes:
    """Bytes start to stop of a file, asked for again when the connection is cut."""
    from huggingface_hub import constants, errors
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status, http_stream_backoff
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

    def passing(error: BaseException) -> bool:
        lasting = (errors.HfHubHTTPError, errors.OfflineModeIsEnabled, DownloadError)
        return isinstance(error, Exception) and not isinstance(error, lasting)

    # A compressed answer would come whole, whatever range is asked for.
    wanted = {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
    for attempt in Retrying(
        retry=retry_if_exception(passing), stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(0.5, max=8), reraise=True,
    ):  # fmt: skip
        with attempt, http_stream_backoff(
            "GET", url, headers=build_hf_headers() | wanted,
            timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT, retry_on_exceptions=(),
        ) as response:  # fmt: skip
            hf_raise_for_status(response)
            if response.status_code != 206:
                raise DownloadError(f"{url} cannot be read in parts: the server sends it whole")
            data = response.read()
            if len(data) != stop - start:
                raise ConnectionError(f"{len(data)} of {stop - start} bytes came")
    return data


def _url(repo: Repo, filename: str, revision: str) -> str:
    from huggingface_hub import hf_hub_url

    return hf_hub_url(repo.id, filename, repo_type=repo.type, revision=revision)


def _records() -> dict[str, dict[str, Any]]:
    path = cache_dir() / "hub" / "downloads.json"
    return (
        read_json(path, f"delete {path.parent}, to fetch its files again") if path.exists() else {}
    )


def _record(key: str, **about: Any) -> None:
    records = _records() | {key: {**about, "date": date.today().isoformat()}}
    write_json(cache_dir() / "hub" / "downloads.json", records)


def _gb(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.1f} MB"
