"""Where the series is published: the address that links, set-up cells and documents hold.

Nobody knows the address before somebody publishes the series. Until then it is a placeholder on a
domain that cannot be registered, so that no stranger can put code there for readers to install.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

from g3lite import G3Error

PLACEHOLDER = "https://example.org/g3lite/g3lite"  # example.org is reserved: RFC 2606

_RESERVED = re.compile(
    r"(.*\.)?(example\.(com|net|org)|example|test|invalid|localhost|local|internal)|[\d.]+"
)
_HOST = r"(?P<host>[\w-]+(?:\.[\w-]+)+)"
_PATH = r"(?P<path>[\w.~-]+(?:/[\w.~-]+)*?/[\w.~-]+?)(?:\.git)?/?"
_WEB = re.compile(  # https://token@github.com/OWNER/NAME.git
    rf"(?:https?|git)://(?:[^/\s]+@)?{_HOST}/{_PATH}", re.ASCII
)
_SSH = [
    re.compile(before + _HOST + between + _PATH, re.ASCII)
    for before, between in (
        (r"ssh://(?:[^/\s]+@)?", r"(?::\d+)?/"),  # ssh://git@github.com:22/OWNER/NAME.git
        (r"(?:[^/\s]+@)?", ":/?"),  # git@github.com:OWNER/NAME.git
    )
]
_FORGES = ("github.com", "gitlab.com", "codeberg.org", "bitbucket.org")
"""Hosts whose web addresses have the path that ssh has. Any other name may be an alias in the
settings of ssh, or a machine with folders: on the web it may be nobody's, or a stranger's."""
_COMMIT = re.compile(r"[0-9a-f]{40}")
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_BRANCHES = {"head", "main", "master", "trunk", "develop", "dev"}  # by their usual names

_COLAB = "https://colab.research.google.com/github"
_LATER = "(once on GitHub)"  # stands where a link to Colab will be
_NAME = re.compile(r"notebooks/(\d\d_\w+)\.ipynb")
_BADGE = re.compile(
    r"\[(?P<words>(?:Open in )?Colab)\]\(https://[^)\s]+/blob/[^)\s]+/notebooks/(?P<name>\w+)\.ipynb\)"
    rf"|(?P<plain>(?:Open in )?Colab) {re.escape(_LATER)}"
)
_STATE = re.compile(r"^(?:The series is not published yet: |The series is published at ).*$", re.M)


@dataclass(frozen=True)
class Address:
    """A repository, and the tag or commit in it that links and set-up cells name."""

    repository: str  # "https://github.com/OWNER/NAME"
    revision: str  # a tag or a commit, never a branch: what it names must not change

    @classmethod
    def from_settings(cls, root: Path) -> Address:
        """Read the address from the settings of a checkout."""
        return cls.parse((root / "pyproject.toml").read_text(encoding="utf-8"))

    @classmethod
    def parse(cls, settings: str) -> Address:
        """Read the address from the text of a pyproject.toml."""
        project = tomllib.loads(settings)
        return cls(project["project"]["urls"]["Repository"], project["tool"]["g3lite"]["revision"])

    @property
    def is_placeholder(self) -> bool:
        """Whether this stands for an address that is not known yet."""
        return self.repository == PLACEHOLDER

    @property
    def colab(self) -> str | None:
        """What the Colab link of a file begins with; None off GitHub, where Colab cannot look."""
        scheme, _, path = self.repository.partition("://github.com/")
        return f"{_COLAB}/{path}/blob/{self.revision}" if scheme == "https" else None

    @property
    def pip(self) -> str:
        """What pip installs the package from."""
        return f"git+{self.repository}@{self.revision}"

    def badge(self, words: str, name: str) -> str:
        """Return the link that opens a notebook on Colab; before there is one, only its words."""
        if self.colab is None:
            return f"{words} {_LATER}"
        return f"[{words}]({self.colab}/notebooks/{name}.ipynb)"

    @property
    def state(self) -> str:
        """Say where the series is published, in the one line that the README has for it."""
        if self.is_placeholder:
            return (
                "The series is not published yet: `example.org` stands for its address, and the "
                "links to Colab come once `g3lite dev notebooks link` has written the true one."
            )
        return f"The series is published at <{self.repository}>, `{self.revision}`."

    def put_into(self, text: str, name: str = "") -> str:
        """Write this address into a text, wherever it has one of the project.

        Args:
            text: a document, or a cell or the source of a notebook.
            name: of the notebook that it belongs to. In a document, a line names its notebook.
        """
        lines = [self._with_badge(line, name) for line in text.split("\n")]
        text = re.sub(r"git\+https://[^\s\"'\\]+", self.pip, "\n".join(lines))
        text = re.sub(r"(?<=git clone )https://\S+", self.repository, text)
        text = re.sub(r"(?<=repository-code: \")[^\"]+", self.repository, text)
        return _STATE.sub(self.state, text)

    def put_into_settings(self, settings: str) -> str:
        """Write this address into the text of a pyproject.toml."""
        settings = re.sub(r'(?m)^Repository = ".*"$', f'Repository = "{self.repository}"', settings)
        return re.sub(r'(?m)^revision = ".*"$', f'revision = "{self.revision}"', settings)

    def _with_badge(self, line: str, name: str) -> str:
        named = _NAME.search(line)
        name = name or (named[1] if named else "")

        def badge(old: re.Match) -> str:
            its = old["name"] or name
            return self.badge(old["words"] or old["plain"], its) if its else old[0]

        return _BADGE.sub(badge, line)


def as_https(remote: str) -> str | None:
    """Return the web address of a git remote: "git@github.com:me/it.git" is "https://github.com/me/it".

    User names and tokens are left out. None for what has no such address, for example a folder,
    and for ssh to a host other than the `_FORGES`, whose address on the web is not known.
    """
    web = _WEB.fullmatch(remote)
    match = web or next(filter(None, (form.fullmatch(remote) for form in _SSH)), None)
    if match is None or match["path"] == "OWNER/NAME" or {".", ".."} & {*match["path"].split("/")}:
        return None
    host = match["host"].lower().removeprefix("www.")
    host = "github.com" if host == "ssh.github.com" else host
    return f"https://{host}/{match['path']}" if web or host in _FORGES else None


def remotes(root: Path) -> dict[str, str]:
    """Return the remotes of a clone that others can open, by name: web addresses."""
    top = _git(root, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != root.resolve():  # a folder inside of another clone
        return {}
    found = {}
    for name in (_git(root, "remote") or "").split():
        address = as_https(_git(root, "remote", "get-url", name) or "")
        if address and not _RESERVED.fullmatch(address.split("/")[2]):
            found[name] = address
    return found


def choose(
    root: Path, repository: str | None = None, tag: str | None = None, commit: str | None = None
) -> Address:
    """Return the address to publish a checkout at.

    Args:
        root: the checkout.
        repository: its web address; by default that of the git remote `origin`.
        tag: by default "v" and the version in pyproject.toml.
        commit: 40 hexadecimal digits, instead of a tag.

    Raises:
        G3Error: there is no such repository, tag or commit, or readers could not install from it.
    """
    if repository is None:
        repository = remotes(root).get("origin")
        if repository is None:
            raise G3Error(
                f"{root} has no git remote `origin` that others can open: git remote add origin "
                "https://github.com/OWNER/NAME, or name a --repository (of ssh remotes, the web "
                f"address is known for {', '.join(_FORGES)} only)"
            )
    elif (web := as_https(repository)) is None:
        raise G3Error(
            f"{repository!r} is no address such as https://github.com/OWNER/NAME, with your names"
        )
    else:
        repository = web
    if tag and commit:
        raise G3Error("give a --tag or a --commit, not both")
    if commit:
        return Address(repository, _installable(root, commit))
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    address = Address(repository, tag or f"v{tomllib.loads(text)['project']['version']}")
    reason = _moves(root, address.revision)
    if reason:
        raise G3Error(f"{address.revision!r} {reason}; name a tag: it always means the same code")
    there = _git(root, "show", f"refs/tags/{address.revision}:pyproject.toml")
    if there is not None and _parsed(there) != address:
        raise G3Error(
            f"there is a tag {address.revision} already, and the notebooks in it name another "
            "address: raise the version in pyproject.toml, or name another --tag"
        )
    return address


def problems(root: Path) -> list[str]:
    """Say what is wrong with the address in a checkout, in words; [] if nothing.

    A clone of a repository that others can open must name it. A fork from which changes are sent
    may name the repository that they go to, if that is one of its remotes.
    """
    address = Address.from_settings(root)
    words = []
    if reason := _moves(root, address.revision):
        words.append(f"pyproject.toml: the revision {address.revision!r} {reason}")
    known = remotes(root)
    here = known.get("origin")
    there = _git(root, "show", f"refs/tags/{address.revision}:pyproject.toml")
    if here and address.is_placeholder:
        words.append(
            f"the files hold the placeholder {PLACEHOLDER}, but this is a clone of {here}: "
            "g3lite dev notebooks link"
        )
    elif here and address.repository.lower() not in [one.lower() for one in known.values()]:
        words.append(
            f"the files name {address.repository}, but this is a clone of {here}: g3lite dev "
            "notebooks link, or, if you send changes there: "
            f"git remote add upstream {address.repository}"
        )
    elif here and there is not None and _parsed(there) != address:
        words.append(
            f"the notebooks in the tag {address.revision} name another address: it belongs on the "
            "commit that holds what `g3lite dev notebooks link` wrote"
        )
    return words


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git says; None if it fails, or is not installed."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, encoding="utf-8"
        )
    except OSError:
        return None
    return done.stdout.rstrip("\n") if done.returncode == 0 else None


def _moves(root: Path, revision: str) -> str:
    """Say why a name may mean other code tomorrow; "" for commits, and for names of tags."""
    if _COMMIT.fullmatch(revision):
        return ""
    if not _TAG.fullmatch(revision):
        return "is no name for a tag: letters, digits, '.', '_' and '-' make one"
    refs = _git(root, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes") or ""
    branches = {
        ref.split("/", 2 if ref.startswith("refs/heads/") else 3)[-1] for ref in refs.split()
    }
    if revision in branches or revision.lower() in _BRANCHES:
        return "is a branch, which moves"
    return ""


def _installable(root: Path, commit: str) -> str:
    """Return a commit, if the notebooks in it could install the package; else raise G3Error."""
    if not _COMMIT.fullmatch(commit):
        raise G3Error(f"{commit!r} is no commit: give all of its 40 hexadecimal digits")
    settings = _git(root, "show", f"{commit}:pyproject.toml")
    if settings is None:
        raise G3Error(f"there is no commit {commit} in {root}")
    there = _parsed(settings)
    if there is None or there.is_placeholder:
        raise G3Error(
            f"the notebooks in commit {commit} do not know an address to install from; "
            "link to a --tag first, and commit that"
        )
    return commit


def _parsed(settings: str) -> Address | None:
    """Read an address; None if the settings have none in today's form."""
    try:
        return Address.parse(settings)
    except (KeyError, tomllib.TOMLDecodeError):
        return None
