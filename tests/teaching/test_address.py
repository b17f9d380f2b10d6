"""Where the series is published: git remotes, tags and commits, and what `link` makes of them."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
import yaml
from packaging.utils import canonicalize_name

from g3lite import G3Error
from g3lite.cli import main
from g3lite.teaching import address, notebooks
from g3lite.teaching.address import PLACEHOLDER, Address

OURS = "https://github.com/us/ours"


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("https://github.com/us/ours", OURS),
        ("https://github.com/us/ours.git", OURS),
        ("https://GitHub.com/us/ours/", OURS),
        ("https://me:secret@github.com/us/ours.git", OURS),
        ("https://me@mail.org:secret@github.com/us/ours", OURS),
        ("http://www.github.com/us/ours", OURS),
        ("git://github.com/us/ours.git", OURS),
        ("git@github.com:us/ours.git", OURS),
        ("github.com:us/ours", OURS),
        ("ssh://git@github.com/us/ours.git", OURS),
        ("ssh://git@ssh.github.com:443/us/ours.git", OURS),
        ("https://github.com/us/our.site.git", "https://github.com/us/our.site"),
        ("git@gitlab.com:group/part/ours.git", "https://gitlab.com/group/part/ours"),
        ("git@codeberg.org:us/ours.git", "https://codeberg.org/us/ours"),
        ("ssh://git@bitbucket.org/us/ours.git", "https://bitbucket.org/us/ours"),
        ("https://git.uni.edu/us/ours.git", "https://git.uni.edu/us/ours"),
        # By ssh: an alias in somebody's settings, a machine with folders, a forge of one's own.
        ("git@github.work:us/ours.git", None),
        ("ssh://git@github.com.work/us/ours.git", None),
        ("nas.me:/srv/git/ours.git", None),
        ("git@git.uni.edu:us/ours.git", None),
        ("git@github.com:us/../ours", None),
        ("git@github.com:../ours", None),
        ("https://github.com/us/..", None),
        ("https://github.com/./ours", None),
        ("https://github.com/OWNER/NAME", None),
        ("git@github.com:OWNER/NAME.git", None),
        ("", None),
        ("/srv/git/ours.git", None),
        ("../ours", None),
        ("C:\\git\\ours", None),
        ("file:///srv/git/ours.git", None),
        ("https://github.com/ours", None),
        ('https://github.com/us/ours"; import os', None),
        ("https://github.com/us/ours\nx", None),
    ],
)
def test_the_web_address_of_a_remote(remote, expected):
    assert address.as_https(remote) == expected


def test_a_link_to_colab_needs_github():
    there = Address(OURS, "v1")
    link = "https://colab.research.google.com/github/us/ours/blob/v1/notebooks/00_a.ipynb"
    assert there.badge("Colab", "00_a") == f"[Colab]({link})"
    assert there.pip == "git+https://github.com/us/ours@v1"
    for elsewhere in (PLACEHOLDER, "https://gitlab.com/us/ours", "https://github.com.evil.org/a/b"):
        assert Address(elsewhere, "v1").badge("Colab", "00_a") == "Colab (once on GitHub)"


def test_the_texts_of_the_series_go_to_any_address_and_back(root):
    placeholder, here = Address(PLACEHOLDER, "v0.1.0"), Address(OURS, "v2")
    fork = Address("https://github.com/a/b", "c" * 40)
    texts = [("README.md", ""), ("CITATION.cff", ""), ("CONTRIBUTING.md", "")]
    series = notebooks.names(root / "notebooks")
    for path, name in [*texts, *((f"notebooks/source/{name}.py", name) for name in series)]:
        text = placeholder.put_into((root / path).read_text(encoding="utf-8"), name)
        assert "github.com/us/ours" not in text
        there = here.put_into(text, name)
        assert here.put_into(there, name) == there
        assert fork.put_into(there, name) == fork.put_into(text, name)
        assert placeholder.put_into(fork.put_into(there, name), name) == text
        if path != "CONTRIBUTING.md":  # it says what the placeholder is
            assert PLACEHOLDER in text and OURS in there
            assert PLACEHOLDER not in there and OURS not in fork.put_into(there, name)


# --- In a clone


@pytest.fixture
def git(monkeypatch):
    """Run git as on a machine without settings; return what it says."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)  # a hook of git sets some
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "somebody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "somebody@example.org")

    def run(folder, *arguments):
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    return run


def settle(folder, repository, revision):
    """Write the settings of a checkout."""
    (folder / "pyproject.toml").write_text(
        f'[project]\nversion = "1.2"\n[project.urls]\nRepository = "{repository}"\n'
        f'[tool.g3lite]\nrevision = "{revision}"\n'
    )


@pytest.fixture
def clone(git, tmp_path):
    """A clone of `us/ours` whose only commit holds the placeholder."""
    folder = tmp_path / "Übung 1"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "stable")
    git(folder, "remote", "add", "origin", "git@github.com:us/ours.git")
    settle(folder, PLACEHOLDER, "v1.2")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "All of it")
    return folder


def linked(git, clone, there=OURS, revision="v1.2"):
    """Commit another address; return the commit."""
    settle(clone, there, revision)
    git(clone, "commit", "--quiet", "--all", "--message", "Links")
    return git(clone, "rev-parse", "HEAD")


def test_the_address_comes_from_the_remote_and_the_version(clone, git):
    assert address.choose(clone) == Address(OURS, "v1.2")
    assert address.choose(clone, tag="v2.0-rc") == Address(OURS, "v2.0-rc")
    git(clone, "remote", "set-url", "origin", "https://token@github.com/a/b.git")
    assert address.choose(clone) == Address("https://github.com/a/b", "v1.2")
    assert address.choose(clone, PLACEHOLDER) == Address(PLACEHOLDER, "v1.2")


@pytest.mark.parametrize(
    "name", ["main", "master", "HEAD", "stable", "next", "origin/stable", "refs/heads/main", "-x",
             'v1"; import os', "v 1"],
)  # fmt: skip
def test_what_moves_or_is_no_tag_is_refused(clone, git, name):
    git(clone, "update-ref", "refs/remotes/origin/next", "HEAD")
    with pytest.raises(G3Error, match="is a branch, which moves|is no name for a tag"):
        address.choose(clone, tag=name)
    settle(clone, OURS, "v1")
    assert address.problems(clone) == []
    settle(clone, OURS, name.replace('"', ""))
    assert "pyproject.toml: the revision" in address.problems(clone)[0]


def test_a_tag_that_holds_other_links_is_refused(clone, git):
    git(clone, "tag", "v1.2")  # before the address was written: nothing could be installed from it
    with pytest.raises(G3Error, match="there is a tag v1.2 already, .* raise the version"):
        address.choose(clone)
    assert address.choose(clone, tag="v1.3").revision == "v1.3"
    settle(clone, OURS, "v1.2")
    assert "in the tag v1.2 name another address" in address.problems(clone)[0]
    linked(git, clone)
    git(clone, "tag", "--force", "v1.2")
    assert address.choose(clone) == Address(OURS, "v1.2")
    assert address.problems(clone) == []


def test_a_commit_must_be_able_to_install_itself(clone, git):
    first = git(clone, "rev-parse", "HEAD")
    with pytest.raises(G3Error, match="do not know an address to install from"):
        address.choose(clone, commit=first)
    second = linked(git, clone)
    assert address.choose(clone, commit=second) == Address(OURS, second)
    for wrong, words in ((second[:10], "give all of its 40"), ("d" * 40, "there is no commit d")):
        with pytest.raises(G3Error, match=words):
            address.choose(clone, commit=wrong)
    with pytest.raises(G3Error, match="not both"):
        address.choose(clone, tag="v9", commit=second)


@pytest.mark.parametrize(
    "remote", [None, "/srv/ours.git", "http://localhost/us/ours", "http://10.0.0.1/us/ours",
               "https://git.example.org/us/ours", "git@build.local:us/ours",
               "git@github.work:us/ours.git", "nas.me:/srv/git/ours.git"],
)  # fmt: skip
def test_without_a_remote_that_others_can_open_nothing_is_published(clone, git, remote):
    git(clone, "remote", "remove", "origin")
    if remote:
        git(clone, "remote", "add", "origin", remote)
    assert address.problems(clone) == []
    with pytest.raises(G3Error, match="no git remote `origin` that .* name a --repository"):
        address.choose(clone)
    assert address.choose(clone, OURS) == Address(OURS, "v1.2")
    with pytest.raises(G3Error, match="'ours' is no address such as"):
        address.choose(clone, "ours")


def test_a_folder_inside_of_another_clone_is_no_clone(clone):
    inside = clone / "archive"
    inside.mkdir()
    settle(inside, PLACEHOLDER, "v1.2")
    assert address.remotes(inside) == {} and address.problems(inside) == []


def test_without_git_nothing_is_published(clone, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert address.problems(clone) == []


def test_a_published_clone_must_name_itself(clone, git):
    (words,) = address.problems(clone)
    assert f"hold the placeholder {PLACEHOLDER}, but this is a clone of {OURS}" in words
    settle(clone, "https://github.com/Us/Ours", "v1.2")  # letters' case is no difference on GitHub
    assert address.problems(clone) == []
    settle(clone, "https://github.com/them/theirs", "v1.2")
    (words,) = address.problems(clone)
    assert "git remote add upstream https://github.com/them/theirs" in words
    git(clone, "remote", "add", "upstream", "https://github.com/them/theirs.git")
    assert address.problems(clone) == []  # a fork from which changes are sent there


# --- The command and the workflow, on copies of this tree


@pytest.fixture
def tree(git, root, tmp_path):
    """A clone of this series, unpublished; it pushes into a folder that stands for GitHub."""
    folder, hub = tmp_path / "tree", tmp_path / "hub.git"
    junk = shutil.ignore_patterns("__pycache__", "data", ".ipynb_checkpoints", "images")
    for name in ("g3lite", "notebooks", ".ci"):
        shutil.copytree(root / name, folder / name, ignore=junk)
    for name in ("README.md", "CITATION.cff", "CONTRIBUTING.md", "pyproject.toml", ".gitignore"):
        shutil.copy(root / name, folder)
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    notebooks.link(folder, Address(PLACEHOLDER, f"v{version}"))
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch", "main", str(hub))
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "remote", "add", "origin", OURS)
    git(folder, "remote", "set-url", "--push", "origin", str(hub))
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "All of it")
    git(folder, "push", "--quiet", "origin", "main")
    return folder


def run(capsys, *arguments) -> tuple[str, str]:
    """Run the command; return what it printed, and what it ended with."""
    with pytest.raises(SystemExit) as stop:
        main.main(["dev", "notebooks", *arguments])
    return capsys.readouterr().out, stop.value.code or ""


@pytest.mark.slow
def test_the_command_links_and_its_check_refuses_what_is_not(tree, capsys, monkeypatch):
    monkeypatch.setattr(notebooks, "folder", lambda: tree / "notebooks")
    count = len(notebooks.names(tree / "notebooks"))
    said, status = run(capsys, "check")
    assert "the files hold the placeholder" in said and status.startswith("g3lite: 1 problems")
    assert "'main' is a branch, which moves" in run(capsys, "link", "--tag", "main")[1]
    said, status = run(capsys, "link", "--tag", "v7")
    assert (status, said.count("changed notebooks/")) == ("", 2 * count)
    assert f"they name {OURS}, v7" in said and "git tag v7; git push origin HEAD v7" in said
    assert run(capsys, "check") == (f"{count} notebooks are in order\n", "")
    assert run(capsys, "link", "--tag", "v7")[0] == f"0 files changed; they name {OURS}, v7\n"
    (tree / "README.md").write_text("git clone https://example.org/g3lite/g3lite")
    assert "README.md holds another address than pyproject.toml" in run(capsys, "check")[0]


WORKFLOW = ".github/workflows/publish.yml"


@pytest.fixture
def workflow(root):
    return yaml.safe_load((root / WORKFLOW).read_text(encoding="utf-8"))


def steps(workflow):
    return workflow["jobs"]["publish"]["steps"]


def test_the_workflow_has_the_rights_it_needs_and_trusts_no_names(workflow, root):
    triggers = workflow[True]  # YAML reads the word "on" so
    assert triggers["push"] == {"branches": ["main"]} and "pull_request" not in triggers
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["jobs"]["publish"]["permissions"] == {"contents": "write"}
    actions = {step["uses"].split("@")[0] for step in steps(workflow) if "uses" in step}
    assert actions == {"actions/checkout", "actions/setup-python"}
    for step in steps(workflow):  # a name that somebody chose is a variable, never program text
        assert "${{" not in step.get("run", "")
    # What is tested is the commit with the true address: on the first push it is a new one.
    test = workflow["jobs"]["test"]
    assert test["needs"] == "publish" and "steps.done.outputs.commit" in json.dumps(workflow)
    assert test["with"] == {"ref": "${{ needs.publish.outputs.commit }}"}
    called = yaml.safe_load((root / test["uses"]).read_text(encoding="utf-8"))
    assert called[True].keys() == {"pull_request", "workflow_call"}  # else a push is tested twice
    checkout = called["jobs"]["test"]["steps"][0]
    assert checkout["with"] == {"ref": "${{ inputs.ref }}"}


@pytest.mark.parametrize(
    ("there", "event", "fork", "needed"),
    [
        (PLACEHOLDER, "push", False, True),
        (PLACEHOLDER, "push", True, True),
        (OURS, "push", False, False),  # so it cannot run in circles
        (OURS, "push", True, False),
        (OURS, "workflow_dispatch", False, True),
        ("https://github.com/them/theirs", "push", False, True),
        ("https://github.com/them/theirs", "push", True, False),
        ("https://github.com/them/theirs", "workflow_dispatch", True, True),
    ],
)
def test_the_workflow_acts_on_a_tree_that_does_not_name_its_repository(
    workflow, tmp_path, there, event, fork, needed
):
    settle(tmp_path, there, "v1")
    (step,) = (step for step in steps(workflow) if step.get("id") == "needed")
    assert step["env"] == {"FORK": "${{ github.event.repository.fork }}"}
    output = tmp_path / "output"
    output.touch()
    variables = {
        "GITHUB_EVENT_NAME": event, "FORK": str(fork).lower(), "GITHUB_OUTPUT": str(output),
        "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "us/ours",
    }  # fmt: skip
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]  # as GitHub
    subprocess.run(command, cwd=tmp_path, check=True, env={**os.environ, **variables})
    assert output.read_text() == ("link=yes\n" if needed else "")


def publish(tree, **variables):
    """Run the script of the workflow."""
    python = os.path.dirname(sys.executable)
    settings = {"PATH": f"{python}{os.pathsep}{os.environ['PATH']}", "GITHUB_REF_NAME": "main"}
    return subprocess.run(
        [tree / ".ci" / "publish"], capture_output=True, text=True,
        env={**os.environ, **settings, "PYTHONPATH": str(tree), **variables},
    )  # fmt: skip


@pytest.mark.slow
def test_the_first_push_is_published_once(tree, git, tmp_path):
    hub = tmp_path / "hub.git"
    (version,) = {line for line in (tree / "pyproject.toml").read_text().splitlines()
                  if line.startswith("version = ")}  # fmt: skip
    tag = "v" + version.split('"')[1]
    done = publish(tree)
    assert done.returncode == 0, done.stderr
    commit = git(hub, "rev-parse", "main")
    assert git(hub, "rev-parse", f"{tag}^{{commit}}") == commit == git(tree, "rev-parse", "HEAD")
    assert git(tree, "status", "--porcelain") == ""
    for path in ("README.md", "CITATION.cff", "notebooks/00_locate_a_photo.ipynb"):
        text = git(hub, "show", f"{tag}:{path}")
        assert OURS.removeprefix("https://") in text and "github.com/g3lite" not in text
        assert PLACEHOLDER not in text
    assert address.problems(tree) == notebooks.unlinked(tree) == []

    assert publish(tree).returncode == 0
    assert git(hub, "rev-parse", "main") == commit
    # By hand, for a release. A name for a tag that is text of a program stays a name.
    done = publish(tree, TAG="v9; touch pushed")
    assert done.returncode != 0 and "is no name for a tag" in done.stderr
    assert not (tree / "pushed").exists()
    assert publish(tree, TAG="v9").returncode == 0
    assert git(hub, "rev-parse", "main") == git(hub, "rev-parse", "v9") != commit
    assert Address.parse(git(hub, "show", "main:pyproject.toml")) == Address(OURS, "v9")


@pytest.mark.slow
def test_linking_needs_little_of_what_the_package_needs(workflow, root):
    """Only what the workflow installs is imported, and what that brings along."""
    (line,) = (step["run"] for step in steps(workflow) if "pip install" in step.get("run", ""))
    installed = {canonicalize_name(name) for name in line.split("--quiet ")[1].split()}
    code = (
        "import sys; from g3lite.cli import develop, import_notebooks; import_notebooks();"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=root).split()
    owners = packages_distributions()
    brought = {canonicalize_name(one) for name in loaded for one in owners.get(name, [])}
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]["notebooks"]
    declared = {
        canonicalize_name(entry.partition(">=")[0]) for entry in [*project["dependencies"], *extras]
    }
    assert installed <= brought
    assert brought & declared == installed | {"nbformat", "platformdirs"}  # nbclient's own
