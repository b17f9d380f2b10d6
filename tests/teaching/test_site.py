"""The site: complete in itself, without a network, readable by keyboard and in any light."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import tiny_series
import yaml
from bs4 import BeautifulSoup

from g3lite import G3Error
from g3lite.cli.main import main
from g3lite.teaching import notebooks
from g3lite.teaching.address import PLACEHOLDER
from g3lite.teaching.site import api, build, page
from g3lite.teaching.site.tables import Tables

INDEX = "g3lite.index.html"
ONE_OF_EACH = """
  const seen = new Set();
  for (const span of document.querySelectorAll(".highlight span[class]")) {
    if (seen.has(span.className)) span.remove();
    seen.add(span.className);
  }
"""  # pieces of code of one kind have one colour, and measuring thousands takes minutes
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("checkout")
    Tables(tiny_series.write(root)).write()
    return root


@pytest.fixture(scope="module")
def tiny(checkout) -> Path:
    """The site of a small series."""
    build.build(checkout / "notebooks", checkout / "site")
    return checkout / "site"


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The site of this series."""
    output = tmp_path_factory.mktemp("whole") / "site"
    build.build(notebooks.folder(), output)
    return output


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def first(site: Path) -> BeautifulSoup:
    return soup(site / "01_first.html").main


# ------------------------------------------------------------------------ what holds for every page


def fetched(site: Path) -> list[str]:
    """What pages, styles and scripts of a site would ask another server for."""
    found = []
    for path in site.glob("*.html"):
        one = soup(path)
        for tag in one.find_all(src=True) + one.find_all("link", href=True):
            found.append(tag.get("src") or tag["href"])
        found += [word for tag in one.find_all(srcset=True) for word in tag["srcset"].split()]
        inline = [*one.find_all("style"), *one.find_all("script")]
        styles = " ".join([tag.get_text() for tag in inline]
                          + [tag["style"] for tag in one.find_all(style=True)])  # fmt: skip
        found += re.findall(r"url\(\s*[\"']?([^\"')]+)|@import\s+[\"']([^\"']+)", styles)
    for path in [*site.rglob("*.css"), *site.rglob("site.js"), *site.rglob("search.js")]:
        text = path.read_text(encoding="utf-8")
        found += re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"')]*|@import.*|\bfetch\(", text)
    return [str(one) for one in found if not re.match(r"assets/[\w.-]+$|data:", str(one))]


def lost_links(site: Path) -> list[str]:
    """Links to a page or an anchor that the site does not have."""
    pages = {path.name: soup(path) for path in site.glob("*.html")}
    anchors = {name: {tag["id"] for tag in one.find_all(id=True)} for name, one in pages.items()}
    lost = []
    for name, one in pages.items():
        for link in one.find_all("a", href=True):
            parts = urlsplit(link["href"])
            if parts.scheme in ("http", "https"):
                continue
            target, anchor = parts.path or name, unquote(parts.fragment)
            if target not in pages or (anchor and anchor not in anchors[target]):
                lost.append(f"{name}: {link['href']}")
        for tag in one.find_all(src=True):
            if not tag["src"].startswith("data:") and not (site / tag["src"]).is_file():
                lost.append(f"{name}: {tag['src']}")
    return lost


def faults_of_form(site: Path) -> list[str]:
    """Pages with other than one headline of the first level, gaps below it, or an id twice."""
    faults = []
    for path in site.glob("*.html"):
        one = soup(path)
        levels = [int(tag.name[1]) for tag in one.find_all(re.compile("^h[1-6]$"))]
        if levels.count(1) != 1 or levels[0] != 1:
            faults.append(f"{path.name}: headlines {levels[:5]}")
        if any(b - a > 1 for a, b in zip(levels, levels[1:], strict=False)):
            faults.append(f"{path.name}: a level of headlines is left out")
        twice = [i for i, n in Counter(t["id"] for t in one.find_all(id=True)).items() if n > 1]
        if twice:
            faults.append(f"{path.name}: {twice} stand twice")
        faults += [f"{path.name}: a picture without words" for i in one.find_all("img", alt="")]
        if one.html["lang"] != "en" or not one.title.string:
            faults.append(f"{path.name}: no language or no title")
    return faults


@pytest.mark.parametrize("site", ["tiny", pytest.param("whole", marks=pytest.mark.slow)])
def test_every_page_is_complete_in_itself(site, request):
    folder = request.getfixturevalue(site)
    assert fetched(folder) == []
    assert lost_links(folder) == []
    assert faults_of_form(folder) == []


def test_what_a_page_must_not_have_is_found(tiny, tmp_path):
    site = shutil.copytree(tiny, tmp_path / "site")
    text = (site / "02_second.html").read_text(encoding="utf-8")
    bad = [
        "<script src='https://cdn.example/a.js'></script>", "<img src='//b.example/c.png' alt='c'>",
        "<style>@import 'https://d.example/e.css'; b { background: url(https://f.eu) }</style>",
        "<link rel=stylesheet href='http://g.example/h.css'>", "<img alt='' src='assets/none.png'>",
        "<h5>deep</h5>", "<a href='#nowhere'>a</a>", "<a href='none.html'>b</a>",
    ]  # fmt: skip
    (site / "02_second.html").write_text(text.replace("</main>", f"{''.join(bad)}</main>"), "utf-8")
    assert len(fetched(site)) == 5
    assert len(lost_links(site)) == 5  # with the script and the pictures
    assert len(faults_of_form(site)) == 2


# ------------------------------------------------------------------------------- notebooks as pages


def test_a_notebook_is_shown_with_formulas_tables_and_pictures(tiny):
    shown = first(tiny)
    assert shown.h1.get_text() == "First: a hub"
    assert [h["id"] for h in shown.find_all(["h2", "h3"])] == ["1-distances", "exercise"]
    assert len(shown.find_all("math")) == 2 and "$" not in shown.get_text()
    assert shown.find("math", display="block")["tabindex"] == "0"
    assert "answer" in shown.details.pre.get_text()  # the solution stands inside its fold
    assert shown.select(".code_cell .highlight .kn")  # code has its colours
    (picture,) = shown.find_all("img")
    assert picture["alt"] == "a black square"
    assert (tiny / picture["src"]).read_bytes().startswith(b"\x89PNG")
    assert "a picture of elsewhere" in shown.get_text()  # its words, for it cannot be had
    assert shown.table.find_parent(class_="scroll")["tabindex"] == "0"
    assert not shown.find("style") and "border" not in shown.table.attrs
    assert [th.get_text() for th in shown.find_all("th")] == ["km", "a"]
    lines = shown.find("pre", tabindex="0")  # for the row of a table, which must not be broken
    assert [line.get_text() for line in lines.select(".wraps")] == ["wide " * 30]
    assert lines.get_text() == f"short\n{'wide ' * 30}\n1  {'cell  ' * 30}\n"


@pytest.mark.parametrize(
    ("line", "wraps"),
    [
        ("A sentence that is longer than a narrow page is wide.", True),
        ("a  A claim with its letter, longer than a narrow page is wide.", True),
        ("    A sentence that is indented, longer than a narrow page.", True),
        ("no LMM, as many candidates  +1.2 [+0.5, +1.8]  corrected p 0.985", False),
        ("a short sentence", False),
    ],
)
def test_sentences_wrap_and_rows_of_tables_do_not(line, wraps):
    output = BeautifulSoup(f'<div class="output"><pre>{line}\n</pre></div>', "html.parser")
    page._make_reachable(output)
    assert bool(output.select(".wraps")) == wraps
    assert output.pre.get_text() == f"{line}\n"
    assert not output.pre.has_attr("tabindex")


def test_the_menu_tells_documents_of_one_beginning_apart(tmp_path):
    course = tmp_path / "notebooks" / "course"
    course.mkdir(parents=True)
    for name, title in (("a", "A lab: heads"), ("b", "A lab: prompts"), ("c", "A plan: weeks")):
        (course / f"{name}.md").write_text(f"# {title}\n\nText.\n", encoding="utf-8")
    found = build._documents(tmp_path, tmp_path / "notebooks")
    assert [one.short for one in found.values()] == ["A lab: heads", "A lab: prompts", "A plan"]


def test_links_lead_to_pages_and_files_without_a_page_are_words(tiny):
    links = {a.get_text(): a["href"] for a in first(tiny).find_all("a", class_=False)}
    assert links == {"02 Second →": "02_second.html", "the code": "g3lite.geo.html"}
    assert "Settings" in first(tiny).get_text()
    back = soup(tiny / "02_second.html").main.find("a", string="the distances")
    assert back["href"] == "01_first.html#1-distances"


def test_a_published_series_links_to_its_repository(checkout, tmp_path):
    root = shutil.copytree(checkout, tmp_path / "published", ignore=shutil.ignore_patterns("site"))
    settings = (root / "pyproject.toml").read_text(encoding="utf-8")
    assert PLACEHOLDER in settings
    ours = settings.replace(PLACEHOLDER, "https://github.com/us/ours")
    (root / "pyproject.toml").write_text(ours, encoding="utf-8")
    build.build(root / "notebooks", root / "site")
    link = first(root / "site").find("a", string="Settings")
    assert re.fullmatch(r"https://github\.com/us/ours/blob/v[\d.]+/pyproject\.toml", link["href"])


def test_the_first_occurrence_of_a_word_is_explained(tiny):
    (link,) = first(tiny).find_all("a", class_="term")
    assert link["href"] == "glossary.html#hub" and link.get_text() == "hub"
    assert link.parent.get_text().startswith("A hub")  # the headline is left as it is
    tip = link.find_next_sibling()
    assert tip["role"] == "tooltip" and tip["id"] == link["aria-describedby"]
    assert tip.get_text() == "A photo that everybody finds."
    glossary = soup(tiny / "glossary.html").main
    assert glossary.find("dfn", id="hub") and not glossary.find(class_="term")


def test_the_index_and_the_menu_name_every_page(tiny):
    index = soup(tiny / "index.html")
    assert "about hubs" in index.main.get_text()
    menu = [a["href"] for a in index.nav.find_all("a")]
    assert menu == ["01_first.html", "02_second.html", "contents.html", "glossary.html",
                    "ledger.html", "notation.html", "api.html", "search.html"]  # fmt: skip
    here = soup(tiny / "01_first.html").nav.find(attrs={"aria-current": "page"})
    assert here["href"] == "01_first.html"
    assert here.find_next("a")["href"] == "#1-distances"
    contents = [a["href"] for a in soup(tiny / "contents.html").main.find_all("a")]
    assert contents == ["01_first.html", "01_first.html#1-distances", "01_first.html#exercise",
                        "02_second.html"]  # fmt: skip


def test_the_search_index_holds_sections_and_docstrings(tiny):
    text = (tiny / "assets" / "search-index.js").read_text(encoding="utf-8")
    assert text.startswith("window.SEARCH_INDEX = ")
    rows = json.loads(text.removeprefix("window.SEARCH_INDEX = ").rstrip().rstrip(";"))
    by_link = {link: (page, section, words) for page, section, link, words in rows}
    where, section, words = by_link["01_first.html#1-distances"]
    assert (where, section) == ("First: a hub", "1 Distances")
    assert "The distance is d=2Rarcsin" in words and r"\sqrt" not in words
    assert "everybody finds" not in by_link["01_first.html#first-a-hub"][2]  # no explanations
    assert by_link["g3lite.geo.html#Globe.distance"][2].startswith("The way from a to b.")


# --------------------------------------------------------------------------------------- docstrings


def test_docstrings_are_read_without_importing_anything(checkout):
    top, geo = api.read(checkout / "g3lite")
    assert (top.name, top.summary) == ("g3lite", "A small package.")
    assert geo.summary == "Distances: between points."
    globe, function = geo.members
    assert [m.name for m in globe.walk()] == ["Globe", "Globe.radius", "Globe.distance"]
    radius, distance = globe.members
    assert radius.signature == "radius: float = 6371.0"
    assert distance.signature == "distance(a: float, *, b: float = 2.0) -> float"
    assert distance.summary == "The way from a to b."
    assert "<code>a</code>: where it begins." in distance.text
    assert "<code>ValueError</code>: there is no way." in distance.text
    assert function.signature == "great_circle_km(a: float) -> float"


def test_a_module_has_a_page_with_what_is_public(tiny):
    shown = soup(tiny / "g3lite.geo.html").main
    assert [h["id"] for h in shown.find_all(["h2", "h3"])] == [
        "Globe", "Globe.radius", "Globe.distance", "great_circle_km",
    ]  # fmt: skip
    assert not (tiny / "g3lite._private.html").exists()
    assert "Nobody reads this" not in shown.get_text()


# ---------------------------------------------------------------------------------- what is refused


def test_a_site_replaces_one_of_before_and_nothing_else(checkout, tmp_path):
    (tmp_path / "site" / "assets").mkdir(parents=True)
    (tmp_path / "site" / "old.html").write_text("old")
    build.build(checkout / "notebooks", tmp_path / "site")
    assert not (tmp_path / "site" / "old.html").exists()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    for other in (tmp_path / "home", tmp_path / "home" / "letter.txt"):
        with pytest.raises(G3Error, match="holds something that is no site"):
            build.build(checkout / "notebooks", other)
    assert (tmp_path / "home" / "letter.txt").read_text() == "dear"


def test_notebooks_that_were_run_elsewhere_are_shown_and_unexecuted_ones_refused(
    checkout, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(notebooks, "folder", lambda: checkout / "notebooks")
    run, site = tmp_path / "run", tmp_path / "site"
    run.mkdir()
    for name in ("01_first", "02_second"):
        text = (checkout / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")
        (run / f"{name}.ipynb").write_text(text.replace("wide ", "other"), encoding="utf-8")
    with pytest.raises(SystemExit) as done:
        main(["site", "build", str(site), "--notebooks", str(run)])
    assert not done.value.code and "open " in capsys.readouterr().out
    assert "otherother" in first(site).get_text()
    text = (run / "02_second.ipynb").read_text(encoding="utf-8")
    raw = text.replace('"execution_count": 1', '"execution_count": null')
    (run / "02_second.ipynb").write_text(raw, encoding="utf-8")
    with pytest.raises(SystemExit, match="02_second.ipynb was not executed"):
        main(["site", "build", str(site), "--notebooks", str(run)])
    (run / "02_second.ipynb").unlink()
    with pytest.raises(SystemExit, match="02_second.ipynb is missing"):
        main(["site", "build", str(site), "--notebooks", str(run)])


def test_the_workflow_for_github_pages_runs_by_hand_what_contributing_says(root):
    text = (root / ".github" / "workflows" / "site.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow[True] == "workflow_dispatch"  # YAML reads "on" as true
    commands = [step["run"] for step in workflow["jobs"]["site"]["steps"] if "run" in step]
    contributing = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for command in commands:
        words = re.search(r"(pip install|g3lite\.cli site) .*", command)[0]
        words = words.replace("--quiet ", "").replace("g3lite.cli", "g3lite")
        assert words in contributing
    (upload,) = [s for s in workflow["jobs"]["site"]["steps"] if "path" in s.get("with", {})]
    assert commands[-1].endswith(upload["with"]["path"])


def test_a_picture_outside_the_checkout_is_left_out(tmp_path):
    (tmp_path / "secret.png").write_bytes(b"x")
    root = tmp_path / "checkout"
    (root / "assets").mkdir(parents=True)
    site = page.Site(root, root / "assets", {}, None, ())
    one = page.Page("a.html", "A", "A")
    site.finish(one, '<p><img alt="words" src="../secret.png"></p>', "a.md")
    assert "img" not in one.body and "words" in one.body
    assert list((root / "assets").iterdir()) == []


# ------------------------------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)}")
    with playwright.sync_playwright() as tools:
        started = tools.chromium.launch(
            executable_path=found,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield started
        started.close()


@pytest.fixture
def visit(browser):
    """Opens a page from the disk; at the end nothing may have been asked of a network."""
    asked, errors, contexts = [], [], []

    def opened(path: Path, query: str = "", **options):
        contexts.append(browser.new_context(**options))
        shown = contexts[-1].new_page()
        shown.on("request", lambda request: asked.append(request.url))
        shown.on("pageerror", lambda error: errors.append(str(error)))
        shown.goto(path.resolve().as_uri() + query)
        return shown

    yield opened
    for context in contexts:
        context.close()
    outside = [url for url in asked if not url.startswith(("file:", "data:"))]
    assert asked and outside == [] and errors == []


@pytest.mark.slow
def test_searching_finds_sections_from_the_disk(tiny, visit):
    shown = visit(tiny / "index.html")
    shown.get_by_role("searchbox").fill("everyb")
    shown.keyboard.press("Enter")
    shown.wait_for_url("**/search.html?q=everyb")
    results = shown.locator("#page-results a")
    assert results.all_inner_texts() == ["First: a hub", "Glossary"]
    shown.get_by_role("searchbox").fill("no such words")
    assert shown.get_by_role("status").inner_text() == "0 sections"
    shown.get_by_role("searchbox").fill("way short")
    results.first.click()
    assert shown.url.endswith("g3lite.geo.html#Globe.distance")


@pytest.mark.slow
def test_the_keyboard_reaches_words_their_explanations_and_wide_tables(tiny, visit):
    shown = visit(tiny / "01_first.html")
    shown.keyboard.press("Tab")
    focus = "document.activeElement"
    assert shown.evaluate(f"{focus}.className") == "skip"
    shown.keyboard.press("Enter")
    assert shown.evaluate(f"{focus}.id") == "page-text"
    tip = shown.locator(".tip")
    reached = []
    for _ in range(12):
        shown.keyboard.press("Tab")
        reached.append(shown.evaluate(f"{focus}.className || {focus}.tagName"))
        if reached[-1] == "term":
            assert tip.is_visible()
            shown.keyboard.press("Escape")
            assert not tip.is_visible()
    assert {"term", "scroll", "SUMMARY"} <= set(reached)
    assert not tip.is_visible()


@pytest.mark.slow
def test_light_and_dark_can_be_chosen_and_paper_is_white(tiny, visit):
    shown = visit(tiny / "index.html", color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = shown.evaluate(ground)
    shown.get_by_role("button", name="Light").click()
    assert shown.evaluate(ground) == "rgb(255, 255, 255)" != dark
    shown.get_by_role("button", name="Dark").click()
    assert shown.evaluate(ground) == dark
    shown.emulate_media(media="print")
    assert shown.evaluate(ground) == "rgb(255, 255, 255)"
    assert not shown.locator("nav").is_visible() and not shown.locator("header").is_visible()


@pytest.mark.slow
def test_sentences_of_an_output_are_not_cut_off(tiny, visit):
    shown = visit(tiny / "01_first.html", viewport={"width": 640, "height": 800})
    sentence = shown.locator(".wraps").first.bounding_box()
    around = shown.locator(".output pre").first.bounding_box()
    assert sentence["x"] + sentence["width"] <= around["x"] + around["width"]
    assert sentence["height"] > 30  # two lines or more


@pytest.mark.slow
def test_five_photos_of_a_quiz_fit_on_a_page(tmp_path, visit):
    cell = '<td><img src="data:," alt="a" width="160"><br><details><summary>1: where was it?'
    table = f"<table><tr>{f'{cell}</summary>Antananarivo</details></td>' * 5}</tr></table>"
    style = (Path(page.__file__).parent / "static" / "site.css").as_uri()
    html = f'<link rel="stylesheet" href="{style}"><div class="output"><div class="scroll">{table}'
    (tmp_path / "quiz.html").write_text(f"{html}</div></div>", encoding="utf-8")
    shown = visit(tmp_path / "quiz.html", viewport={"width": 640, "height": 800})
    around = shown.locator(".scroll").evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert around[0] <= around[1]


@pytest.mark.slow
def test_formulas_are_drawn(tiny, visit):
    shown = visit(tiny / "01_first.html")
    box = shown.locator("math").first.bounding_box()
    assert box["width"] > 60 and box["height"] > 10
    assert "arcsin" in shown.locator("math").first.text_content()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("site", ["tiny", "whole"])
def test_axe_finds_nothing(site, scheme, request, visit):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    folder = request.getfixturevalue(site)
    options = {"resultTypes": ["violations"]}
    if scheme == "dark":  # nothing but the colours differs
        options["runOnly"] = ["color-contrast"]
    found = []
    for path in sorted(folder.glob("*.html")):
        if path.name.startswith("g3lite.") and path.name not in ("g3lite.geo.html", INDEX):
            continue  # all modules have pages of one form
        shown = visit(path, color_scheme=scheme)
        shown.evaluate(ONE_OF_EACH)
        done = axe.run(shown, options=options)
        found += [
            f"{path.name}: {rule['id']}, {rule['nodes'][0]['html'][:200]}"
            for rule in done.response["violations"]
        ]
        shown.context.close()
    assert found == []


@pytest.mark.slow
def test_narrow_pages_fold_their_menu_and_do_not_scroll_sideways(whole, visit):
    narrow = {"width": 380, "height": 800}
    for name in ("index.html", "02_geo_alignment.html", "ledger.html", "g3lite.index.html"):
        shown = visit(whole / name, viewport=narrow)
        assert shown.evaluate("document.documentElement.scrollWidth") <= 380, name
        assert not shown.locator("nav").get_by_role("link", name="Glossary").is_visible()
