"""Programs with one small mistake: what a check of an exercise should not let pass."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

_COMPARED = {
    ast.LtE: (ast.Lt, ast.GtE), ast.Lt: (ast.LtE, ast.Gt), ast.GtE: (ast.Gt, ast.LtE),
    ast.Gt: (ast.GtE, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,),
}  # fmt: skip
_COMPUTED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.MatMult: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
_CALLED = {
    "mean": "sum", "sum": "mean", "any": "all", "all": "any", "min": "max", "max": "min",
    "argmax": "argmin", "argmin": "argmax", "nanargmax": "argmax",
    "radians": "degrees", "sin": "cos", "cos": "sin",
    "permutation": "sort", "cumsum": "cumprod", "maximum": "minimum", "minimum": "maximum",
}  # fmt: skip


def one_edit(program: str) -> Iterator[tuple[str, str]]:
    """Every program that differs from this one by one edit, each with what was changed where.

    Comparisons, arithmetic, numbers, names of functions, ends of slices, arguments and their order
    are edited; texts are not, nor are names.
    """
    tree = ast.parse(program)
    count = sum(1 for _ in ast.walk(tree))
    seen = {ast.unparse(tree)}
    for place in range(count):
        edits = 0
        while True:
            mutant = copy.deepcopy(tree)
            node = list(ast.walk(mutant))[place]
            before = ast.unparse(node)
            if not _edit(node, edits):
                break
            edits += 1
            text = ast.unparse(ast.fix_missing_locations(mutant))
            if text not in seen:
                seen.add(text)
                line = getattr(node, "lineno", 0)
                yield f"line {line}: {before.splitlines()[0]} → {ast.unparse(node)}", text


def _edit(node: ast.AST, number: int) -> bool:
    """Make the edit of that number to a node in place; False if there are no more."""
    edits = list(_edits(node))
    if number >= len(edits):
        return False
    edits[number]()
    return True


def _edits(node: ast.AST) -> Iterator:
    def put(name: str, value: object):
        return lambda: setattr(node, name, value)

    if isinstance(node, ast.Compare):
        for other in _COMPARED.get(type(node.ops[0]), ()):
            yield put("ops", [other(), *node.ops[1:]])
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _COMPUTED:
        yield put("op", _COMPUTED[type(node.op)]())
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield put("value", not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield put("value", node.value + 1)
        yield put("value", node.value - 1)
        if isinstance(node.value, float):
            yield put("value", node.value * 1.2)
    if isinstance(node, ast.UnaryOp):
        yield put("op", ast.UAdd())
    if isinstance(node, ast.Slice):
        for end in ("lower", "upper"):
            if (bound := getattr(node, end)) is not None:
                for op in (ast.Add(), ast.Sub()):
                    yield put(end, ast.BinOp(bound, op, ast.Constant(1)))
    if isinstance(node, ast.Attribute) and node.attr in _CALLED:
        yield put("attr", _CALLED[node.attr])
    if isinstance(node, ast.Call):
        if len(node.args) == 2:
            yield put("args", node.args[::-1])
        for keyword in node.keywords:
            if isinstance(keyword.value, ast.Call):
                fewer = ast.keyword(
                    keyword.arg, ast.BinOp(keyword.value, ast.Sub(), ast.Constant(1))
                )
                yield put("keywords", [fewer if k is keyword else k for k in node.keywords])
        for place in range(len(node.keywords)):
            yield put("keywords", node.keywords[:place] + node.keywords[place + 1 :])
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        yield put("value", ast.Tuple(node.value.elts[::-1], ast.Load()))
