"""The cue lab in JupyterLab in a real browser, by keyboard alone.

    pytest -m slow tests/teaching/test_cue_lab_browser.py

It takes the system's Chromium or Chrome, without a window. G3LITE_BROWSER may name another one: its
program, or the address (ws://...) of one that runs with a debugging port. The other files test the
same controls without a browser.
"""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest

ROOT = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").exists())
CELL = """
from g3lite import G3
from g3lite.teaching.cue_lab import CueLab, street
lab = CueLab(G3.from_pretrained("ci", progress=False), [street("Berlin"), street("Lisbon")])
lab.play()
"""
SETTINGS = {  # two dialogs less
    "notebook-extension/tracker": {"autoStartDefaultKernel": True},
    "apputils-extension/notification": {"fetchNews": "false"},
}
START_S, LOOK_MS = 120, 180_000  # of a busy machine
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def browser_program():
    """G3LITE_BROWSER, or the system's Chromium; skips where there is none, or no playwright."""
    pytest.importorskip("playwright")
    found = os.environ.get("G3LITE_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium or Chrome here; name one in G3LITE_BROWSER")
    return found


@contextmanager
def jupyter_lab(folder):
    """JupyterLab on a free port with a token of its own: the address of the notebook."""
    for name, values in SETTINGS.items():
        path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    work = folder / "work"
    work.mkdir()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL.strip())])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, work / "lab.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    environment = os.environ | {
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "G3LITE_PROFILE": "ci",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1",
               f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}",
               f"--ServerApp.root_dir={work}", "--allow-root"]  # fmt: skip
    log = (folder / "jupyter.log").open("w")
    server = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=work)
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_S
        while True:
            try:
                urllib.request.urlopen(f"{address}/api/status?token={token}", timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                words = (folder / "jupyter.log").read_text()
                assert server.poll() is None, f"JupyterLab ended: {words}"
                assert time.monotonic() < deadline, f"JupyterLab did not start: {words}"
                time.sleep(0.5)
        yield f"{address}/lab/tree/lab.ipynb?token={token}"
    finally:
        server.terminate()
        try:
            server.wait(30)  # it ends its kernels
        except subprocess.TimeoutExpired:
            server.kill()
        log.close()


@contextmanager
def page_of(program):
    """A page of the browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        if program.startswith(("ws://", "wss://", "http://")):
            browser = playwright.chromium.connect_over_cdp(program)
            yield browser.contexts[0].pages[0]
        else:
            browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
            yield browser.new_page(viewport={"width": 1280, "height": 1400})
            browser.close()


def tab_to(page, control):
    """Press Tab until a control has the focus."""
    for _ in range(60):
        if control.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the Tab key does not reach the control")


@pytest.mark.slow
def test_the_keyboard_alone_moves_the_answer(tmp_path):
    program = browser_program()
    from playwright.sync_api import expect

    with jupyter_lab(tmp_path) as address, page_of(program) as page:
        page.goto(address)
        cell = page.locator(".jp-CodeCell").first
        expect(cell).to_be_visible(timeout=LOOK_MS)
        expect(page.get_by_text(re.compile(r"Python 3 .*Idle"))).to_be_visible(timeout=LOOK_MS)
        cell.locator(".jp-InputArea-editor").click()
        page.keyboard.press("Control+Enter")
        said = page.get_by_role("status").filter(has_text="G3")
        expect(said).to_have_text(re.compile("^As it is: G3 says .+"), timeout=LOOK_MS)
        first = said.text_content()
        picture = page.locator(".jp-OutputArea-output img").first
        assert first.removeprefix("As it is: ").rstrip(".") in picture.get_attribute("alt")

        photo, climate = page.get_by_label("Photo"), page.get_by_label("climate").first
        assert climate.evaluate("element => element.tagName") == "SELECT"
        photo.focus()
        tab_to(page, page.get_by_role("button", name="next climate"))
        page.keyboard.press("Space")
        expect(said).to_have_text(re.compile("^Plants of the rainforest zone: G3"), timeout=LOOK_MS)
        assert climate.evaluate("element => element.value") == "rainforest"
        assert said.text_content() != first
        assert "plants of the rainforest zone" in picture.get_attribute("alt")

        night = page.get_by_label("night")
        tab_to(page, night)
        page.keyboard.press("Space")
        expect(said).to_have_text(re.compile("zone, at night: G3"), timeout=LOOK_MS)
        page.screenshot(path=tmp_path / "lab.png")
        assert (tmp_path / "lab.png").stat().st_size > 50_000

        photo.focus()
        tab_to(page, page.get_by_role("button", name="As it was"))
        page.keyboard.press("Space")
        expect(said).to_have_text(first, timeout=LOOK_MS)
        expect(night).not_to_be_checked()

        photo.select_option("2: Lisbon")  # with the mouse, as it were
        expect(said).not_to_have_text(first, timeout=LOOK_MS)
        expect(said).to_have_text(re.compile("^As it is: G3 says"), timeout=LOOK_MS)
        assert cell.locator(".jp-InputPrompt").first.text_content() == "[1]:"  # no key was stolen
        assert page.locator(".jp-CodeCell").count() == 1
