import dataclasses
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from g3lite import profiles


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch):
    monkeypatch.delenv("G3LITE_PROFILE", raising=False)


@pytest.mark.parametrize("name", ["ci", "cpu", "gpu"])
def test_a_profile_is_found_by_its_name_and_cannot_be_changed(name):
    profile = profiles.get(name)
    assert profile.name == name
    with pytest.raises(dataclasses.FrozenInstanceError):
        profile.batch_size = 1


@pytest.fixture
def _driver(monkeypatch):
    monkeypatch.setattr(profiles, "_has_driver", lambda: True)


@pytest.mark.usefixtures("_driver")
@pytest.mark.parametrize(("cuda", "expected"), [(True, "gpu"), (False, "cpu")])
def test_auto_follows_the_machine(monkeypatch, cuda, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    assert profiles.get().name == expected


def lacking(name):
    raise OSError(f"{name}: cannot open shared object file")


@pytest.mark.parametrize(
    ("platform", "device", "load", "expected"),
    [
        ("linux", None, lacking, False),
        ("linux", None, lambda name: name, True),
        ("linux", "/dev/kfd", lacking, True),
        ("linux", "/dev/dxg", lacking, True),
        ("darwin", None, lambda name: name, False),
        ("win32", None, lacking, True),
    ],
)
def test_torch_is_asked_for_a_gpu_only_where_there_may_be_a_driver(
    monkeypatch, platform, device, load, expected
):
    asked = []

    def found():
        asked.append(True)
        return True

    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(profiles.os.path, "exists", lambda path: path == device)
    monkeypatch.setattr(profiles.ctypes, "CDLL", load)
    monkeypatch.setattr(profiles, "_torch_finds_a_gpu", found)
    assert profiles.get().name == ("gpu" if expected else "cpu")
    assert bool(asked) == expected


@pytest.mark.usefixtures("_driver")
def test_the_variable_says_what_auto_is_and_nothing_else(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("G3LITE_PROFILE", "ci")
    assert profiles.get().name == profiles.get("auto").name == "ci"
    assert [profiles.get(name).name for name in ("cpu", "gpu")] == ["cpu", "gpu"]
    for unset in ("", "auto"):
        monkeypatch.setenv("G3LITE_PROFILE", unset)
        assert profiles.get().name == "gpu"


def test_an_unknown_profile_is_an_error_that_lists_the_known_ones(monkeypatch):
    with pytest.raises(ValueError, match=r"'tpu'; known profiles: auto, ci, cpu, gpu, real-cpu$"):
        profiles.get("tpu")
    monkeypatch.setenv("G3LITE_PROFILE", "laptop")
    with pytest.raises(
        ValueError, match=r"'laptop' \(from .* G3LITE_PROFILE\); known profiles: auto"
    ):
        profiles.get()
    assert profiles.get("ci").name == "ci"  # which leaves nothing for the variable to say


@pytest.mark.parametrize("name", ["tpu", "", "CPU"])
def test_a_wrong_name_is_an_error_whatever_the_variable_says(monkeypatch, name):
    monkeypatch.setenv("G3LITE_PROFILE", "ci")
    with pytest.raises(ValueError, match=rf"unknown profile '{name}'; known profiles"):
        profiles.get(name)


def test_ci_is_the_small_version_of_cpu():
    ci, cpu = profiles.get("ci"), profiles.get("cpu")
    assert (ci.gallery, ci.queries, ci.backbone) == (cpu.gallery, cpu.queries, cpu.backbone)
    assert (ci.gallery_size, ci.query_size) == (2_000, 300)
    assert (cpu.gallery_size, cpu.query_size) == (None, None)
    assert {ci.device, cpu.device} == {"auto"}  # the GPU, if there is one


def test_profiles_and_artefacts_are_light_to_import():
    code = (
        "import sys; from g3lite import profiles; from g3lite.recipes import artefacts;"
        "profiles.get('ci');"
        "heavy = {'torch', 'transformers', 'open_clip', 'pandas', 'matplotlib'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("_driver")
@pytest.mark.parametrize(
    ("memory", "words"),
    [
        (15_828_320_256, ["GPU: Tesla T4, 16 GB.", 'Profile gpu ("auto" here)', "downloading"]),
        (8_000_000_000, ["GPU: Tesla T4, 8 GB.", "made for 15 GB: batches may be halved to fit"]),
    ],
)
def test_the_machine_with_a_gpu(monkeypatch, memory, words):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "Tesla T4")
    properties = SimpleNamespace(total_memory=memory)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: properties)
    said = profiles.machine()
    assert all(word in said for word in words)
    assert ("halved" in said) == (memory < 15e9)


def test_the_machine_without_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    said = profiles.machine()
    assert "no GPU" in said and 'Profile cpu ("auto" here)' in said
    assert profiles.get("cpu").slow in said
    monkeypatch.setenv("G3LITE_PROFILE", "ci")
    assert "Profile ci (set by G3LITE_PROFILE)" in profiles.machine()
