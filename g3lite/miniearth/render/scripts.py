"""Writing on signs: characteristic glyphs of twelve scripts as brush strokes.

The words mean nothing. What counts is the look: joined letters with dots, square dense strokes,
letters that hang from a bar, round loops.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from g3lite.miniearth.render.canvas import Canvas, Colour, Point


@dataclass(frozen=True)
class Script:
    """Glyphs in a unit box (y down), and how they are set. Lengths are in letter heights."""

    glyphs: tuple[tuple[tuple[Point, ...], ...], ...]
    width: float
    gap: float
    stroke: float


def _smooth(points: list[Point]) -> list[Point]:
    """A cardinal spline through `points`, closed where the last is the first."""
    closed = points[0] == points[-1]
    before = points[-2] if closed else points[0]
    after = points[1] if closed else points[-1]
    p = [before, *points, after]
    curve = [points[0]]
    for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False):
        for t in (0.25, 0.5, 0.75, 1.0):
            from_b, to_c = (1 + 2 * t) * (1 - t) ** 2, t * t * (3 - 2 * t)
            leave, arrive = 0.68 * t * (1 - t) ** 2, 0.68 * t * t * (t - 1)
            curve.append(
                tuple(
                    from_b * b[i] + to_c * c[i] + leave * (c[i] - a[i]) + arrive * (d[i] - b[i])
                    for i in (0, 1)
                )
            )
    return curve


def _glyph(text: str) -> tuple[tuple[Point, ...], ...]:
    """Strokes from `text`: pairs of digits x, y in eighths of the box, ~ for a curve."""
    strokes = []
    for word in text.split():
        digits = [int(c) / 8 for c in word.lstrip("~")]
        points = list(zip(digits[::2], digits[1::2], strict=True))
        strokes.append(tuple(_smooth(points) if word[0] == "~" else points))
    return tuple(strokes)


def _script(width: float, gap: float, stroke: float, glyphs: str) -> Script:
    return Script(tuple(_glyph(g) for g in glyphs.split("/")), width, gap, stroke)


SCRIPTS: dict[str, Script] = {
    "latin": _script(
        0.62, 0.26, 0.155,
        "084088 1575/80000888 0464/0008 8088 0484/0008 800488/0800448088/08005071735404 4488/"
        "~81400244864807/0080 4048/08008880/~8240044886",
    ),
    "cyrillic": _script(
        0.72, 0.28, 0.15,
        "4048 004408 804488/08068688 16307076/88803011133484 4408/00088880 4048/00088088/"
        "0008 0444 ~6084684460/4048 ~4184460441/70000868866404/00077770 778788/08308088",
    ),
    "arabic": _script(
        0.72, 0.0, 0.15,
        "0686 4346 48/0686 4346 21 51/0686 5056/0686 ~4662432346 40/0686 1416 4446 7476/"
        "1373 ~73364878 0686/~86563808/0686 ~80516466/0686 ~1636382818 5356 30/0686 3036 7376",
    ),
    "han": _script(
        0.98, 0.16, 0.095,
        "1272751512 4048/0282 4048 4207 4287/0080880800 2262 2464 2666 4246/"
        "1070781810 1474/1171 2464 0888 4148/4041 0181 2363652523 4548 2517 6577/"
        "0080880800 0484 4048/0800303303 8880505383 2565 4548/4048 133307 724488/"
        "3141 0282 1474 1575781815",
    ),
    "kana": _script(
        0.86, 0.22, 0.1,
        "~5237161351847758/1272 ~403847 ~64371715548668/~2026487785/02726857 ~403508/3038 3375/"
        "1123 4143 ~716528/~11153746 ~617375/1171 ~714408 4588/2060 1272 ~726528/0282 ~503647",
    ),
    "hangul": _script(
        0.92, 0.2, 0.11,
        "~2143250321 6068 6484/014137 6068 6484/010646 6068 6484/70101373 4347 0787/"
        "~4062442240 0585 4548/107073 0484 157576161878/2006 2246 7078 4474/"
        "0141460601 6068 6484/60101262 0484 ~4567482745/~2042240220 6068 0787",
    ),
    "indic": _script(
        0.84, 0.0, 0.13,
        "0181 4148 ~43131645 ~43748577/0181 7178 7424 25/0181 2126 2677 7178/"
        "0181 7178 ~74341638/0181 ~31533468/0181 2124 7178 15/0181 5158 1053/"
        "0181 4143 ~4323175668/0181 ~7234364758 4132/0181 ~1232241527 7178 2474",
    ),
    "southeast": _script(
        0.74, 0.2, 0.105,
        "1813407378/~1021120110 2127 ~27473747 7078 2775/~1804408478 ~4455463544 3518/"
        "~1321508467381525/~4084480440/~7140044877 ~5364554453/~2042240220 2448 ~6082646260/"
        "~1021120110 2128 287870/~3041302030 3135 ~35684806/~1738283817 18 ~1804408478",
    ),
    "greek": _script(
        0.7, 0.3, 0.14,
        "08408808/8000440888/0828 ~28043040508468 6888/4048 ~4184460441/084088/"
        "4048 ~0003458380/08008088/~4084480440 2464/0080 1474 0888/800008",
    ),
    "hebrew": _script(
        0.7, 0.26, 0.175,
        "00187880 4048/0088 8064 2208/007078 0888/008088 1418/10137358/0080880800/"
        "008088 1118 0818/008088/0080 6068/004580 4808",
    ),
    "caucasian": _script(
        0.74, 0.24, 0.115,
        "~140648866130/~4386480643 ~43204071/~080340 ~408388/~00054774 7078 7888/"
        "~3063351330 ~35573848 06/~0420344064 ~64848688/~0204468580 4640/~1030334547281816/"
        "~08034083 8376 4373 0848/~70302355 ~55774816",
    ),
    "ethiopic": _script(
        0.72, 0.26, 0.15,
        "1814407478 0828 6888/08008088 3040/0383 4048 0305 3858/~4083444340 4348 4878/"
        "0004 8084 0484 4048 2868/~2144270421 ~6184674461/4044 4428 4468 2040/"
        "0800 4048 8088 0080/~00054885 8580/1814 ~14407478 4448",
    ),
}  # fmt: skip


def write(
    canvas: Canvas, script: str, x: float, y: float, width: float, height: float,
    colour: Colour, rng: Random, letters: int = 5,
) -> None:  # fmt: skip
    """A word of at most `letters` glyphs, centred in the box whose top left corner is (x, y).

    As many letters are set as fit at seven eighths of `height`, then all as tall as they can be.
    """
    style = SCRIPTS[script]
    pitch = style.width + style.gap
    count = int((width / (0.875 * height) + style.gap) / pitch)
    count = max(1, min(letters, count))
    size = min(height, width / (count * pitch - style.gap))
    step, length = pitch * size, (count * pitch - style.gap) * size
    left, top = x + (width - length) / 2, y + (height - size) / 2
    thick = max(style.stroke * size, 0.8 / canvas.size)
    pad = thick / 2
    wide, tall = style.width * size, size - 2 * pad
    inset = pad if style.gap else 0.0
    for i in range(count):
        glyph = style.glyphs[int(rng.random() * len(style.glyphs))]
        gx = left + i * step + inset
        for stroke in glyph:
            canvas.stroke(
                [(gx + px * (wide - 2 * inset), top + pad + py * tall) for px, py in stroke],
                colour, thick,
            )  # fmt: skip
