"""Formulas as MathML, and pages that need no network."""

import re

import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from g3lite import G3Error
from g3lite.teaching import mathematics

FORMULA = r"d = 2R \arcsin \sqrt{\sin^2 \frac{\varphi_2 - \varphi_1}{2}}"


def test_a_formula_is_mathml_with_its_latex_beside_it():
    shown = mathematics.mathml(FORMULA, block=True)
    assert shown.startswith('<math display="block">') and shown.endswith("</math>")
    assert "<msqrt>" in shown and "<mfrac>" in shown and "φ" in shown
    assert r"\frac{\varphi_2" in re.search(r"<annotation[^>]*>(.*)</annotation>", shown)[1]
    within = mathematics.mathml("d")
    assert "block" not in within and "<mi>d</mi>" in within


@pytest.mark.parametrize("latex", [r"\nosuchcommand x", r"\frac{1}{", r"\begin{nothing}x"])
def test_what_is_no_formula_is_refused_with_its_text(latex):
    with pytest.raises(G3Error, match="cannot be shown") as error:
        mathematics.mathml(latex)
    assert latex in str(error.value)


def test_symbols_are_letters_and_no_names_of_functions_or_units():
    assert mathematics.symbols(FORMULA) == {"d", "R", "φ"}
    assert mathematics.symbols(r"\arg\max_c \langle q, v \rangle + 180°\ \text{km}") == set("cqv")
    assert mathematics.symbols("5.55") == set()
    assert mathematics.symbols(r"\mathcal{L}") == {"ℒ"}


def test_formulas_are_found_in_text_and_not_in_code():
    text = "A $d$ and\n\n$$ e^{x} $$\n\n`$a$`\n\n```sh\necho $HOME $b$\n```\n\n- costs $\\pi$"
    assert [latex.strip() for latex in mathematics.formulas(text)] == ["d", "e^{x}", r"\pi"]
    shown = mathematics.to_html(text)
    assert shown.count("<math") == 3 and shown.count("$") == 5  # those of the code


def test_a_page_of_a_notebook_names_no_script_and_no_other_server():
    notebook = new_notebook(cells=[new_markdown_cell(f"# A title\n\n$${FORMULA}$$")])
    page, _ = mathematics.exporter().from_notebook_node(notebook)
    assert "<html" in page and "<math" in page and 'id="A-title"' in page
    assert "<script" not in page
    assert re.findall(r'(?:src|href)=["\']?(?:https?:)?//', page) == []
    body, _ = mathematics.exporter(whole=False).from_notebook_node(notebook)
    assert "<math" in body and "<html" not in body and "<style" not in body
