"""Of a reply, what counts: no thinking, one sign for each meaning, no markup."""

from __future__ import annotations

import html
import re

from g3lite.reading.words import LAT, LON

# Signs that mean the same. A double prime becomes two primes: a quotation mark would end a string.
# Long dashes stay, for they separate: "Latitude—48.85" has no minus.
_SAME = {ord(sign): "-" for sign in "−–‐‑‒﹣－"} | {ord(sign): "'" for sign in "’′‘＇ʹ´"}
_SAME |= {ord("＂"): '"'} | {ord(sign): " " for sign in "\u00a0\u2009\u202f\u3000\t"}
_SAME |= {ord(sign): "°" for sign in "º˚゜"} | {ord("″"): "''", ord("ʺ"): "''", ord("\r"): "\n"}
_SAME |= dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"))  # invisible
_SAME |= {
    ord(wide): narrow
    for wide, narrow in zip("：；（）［］｛｝＝＋．／｜＜＞～％", ":;()[]{}=+./|<>~%", strict=True)
}
_SAME |= {ord("，"): ", "}
_SHORT_DASH_SEPARATES = re.compile(  # "Latitude–48.85", "Paris – 48.85"
    rf"(?:(?:{LAT}|{LON})[ *_`\"']{{0,3}})[–‒](?= ?[0-9])"
    r"|(?:[^\W\d_]{2}[*_)]{0,3} )[–‒](?= [0-9])",
    re.IGNORECASE,
)
_ENTITY = re.compile(
    r"&(?:deg|nbsp|minus|prime|Prime|quot|apos|lt|gt|amp|ndash|#[0-9]{1,5}|#x[0-9A-Fa-f]{1,4});"
)


# Where O stands for a hemisphere, and the words of the languages in which it is west or east: none
# of them is a word of the others, nor often a part of names.
_O = re.compile(r"(?<=[0-9°'\"])( ?)O(?![\w'])")
_O_IS_WEST = re.compile(
    r"\b(?:latitud|longitud|latitudine|longitudine|coordenadas|coordonnées|oeste|ouest|ovest"
    r"|está|esta|una|uma|não|creo|parece|dans|avec|une|cette|c'est|nella|questa|è)(?!\w)",
    re.IGNORECASE,
)
_O_IS_EAST = re.compile(
    r"\b(?:(?:geogra\w+ )?(?:breite|länge)(?:ngrad)?|koordinaten|und|ist|eine|nicht|wurde|ich"
    r"|zeigt|vermutlich|wahrscheinlich|(?:öst|nörd|süd|west)lich\w*|süd|osten|norden|standort|auf|bei)\b",
    re.IGNORECASE,
)
_LETTER = re.compile(r"(?<=[0-9°'\"])(?: ?)([EW])(?![\w'])")


def with_o_told(text: str) -> str:
    """The text with W or E for the hemisphere O: west in Romance languages, east in German.

    Words of the languages decide, and an E or W elsewhere is not what O is. O stays if they
    disagree, or if there are none.
    """
    meant = set()
    meant |= {"W"} if _O_IS_WEST.search(text) else set()
    meant |= {"E"} if _O_IS_EAST.search(text) else set()
    if _O.search(text):
        meant |= {"W" if letter == "E" else "E" for letter in _LETTER.findall(text)}
    return _O.sub(rf"\1{meant.pop()}", text) if len(meant) == 1 else text


def same_signs(text: str) -> str:
    """The text with one sign for each meaning: minus, primes, quotes, spaces, full-width signs."""
    text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    text = _SHORT_DASH_SEPARATES.sub(lambda match: match[0][:-1] + "—", text)
    return text.translate(_SAME)


_THOUGHTS = r"(?:think|thinking|thoughts?|reasoning|reflection|scratchpad|analysis|inner_monologue)"
_THINKING = re.compile(  # an opening or a closing tag, in the ways of several models
    rf"<(?P<end>/)?(?:\w{{1,8}}:)?{_THOUGHTS}(?: [^<>]{{0,60}}[^<>/])?>"
    rf"|<\|(?:begin|(?P<end2>end))_of_{_THOUGHTS}\|>"
    rf"|\[(?P<end3>/)?{_THOUGHTS}\]|◁(?P<end4>/)?{_THOUGHTS}▷"
    r"|<\|channel\|>(?:analysis|commentary)|(?P<end5><\|channel\|>final)",
    re.IGNORECASE,
)


def without_thinking(text: str) -> str | None:
    """The text without what the model thought before it answered; None if the thinking never ends.

    A closing tag alone ends what stands before it: some servers cut off the opening one.
    """
    parts, depth, start = [], 0, 0
    for tag in _THINKING.finditer(text):
        if any(tag.groupdict().values()):
            if depth == 0:
                parts = []
            depth, start = max(0, depth - 1), tag.end()
        else:
            if depth == 0:
                parts.append(text[start : tag.start()])
            depth += 1
    return None if depth else "\n".join([*parts, text[start:]])


_STRUCK = re.compile(r"~~[^~\n]{1,300}~~|<(del|strike)>[^<>]{1,300}</\1>", re.IGNORECASE)
_CONTROL = re.compile(r"<\|[\w ./-]{1,40}\|>|</?s>|\[/?INST\]|<(?:start|end)_of_turn>")
_FENCE = re.compile(
    r"```+[ ]?\w{0,12}|\$\$?|\\[()\[\],;! ]|\\(?:left|right|quad|qquad|displaystyle)\b"
)
_URL = re.compile(r"\b(?:https?://|www\.)[^\s<>\"]{1,2000}")
_LATEX_DEGREE = re.compile(r"\^? ?\{? ?\\(?:circ|degree|deg)\b ?\}?")
_LATEX_WORD = re.compile(
    r"(?<!\\)\\(?:text\w{0,6}|math\w{0,6}|emph|mbox|large|bf)\b ?\{([^{}\n]{0,200})\}"
)
_LATEX_LINE = re.compile(r"(?<!\\) ?\\\\(?=\n)")
_BOXED = re.compile(r"\\f?boxed\b ?")
_FORMATTING = re.compile(
    r"</?(?:b|i|u|em|strong|span|p|div|code|pre|small|mark|font|li|ul|ol|tr|table|tbody|thead)"
    r"(?: [^<>]{0,200})?>",
    re.IGNORECASE,
)
_CELL = re.compile(r"<(?:t[dh]|br ?/?|hr ?/?)(?: [^<>]{0,100})?>", re.IGNORECASE)
_CLOSING = re.compile(r"</[\w:.-]{1,40}>")
_OPENING = re.compile(r"<([A-Za-z][\w:.-]{0,40})((?: [^<>]{0,300}?)?)/?>")
_HEADING = re.compile(r"^ ?(?:#{1,6} (.{1,80}?):?|\*\*([^*\n]{1,80}?):?\*\*:?) ?$", re.MULTILINE)
_MARKUP = re.compile(
    r"(?:(?<![0-9.,])|(?<=[0-9.,])(?!.[*_`]{0,2}[.,]?[0-9]))(?:\*{1,3}|`|__|(?<!\w)_|_(?!\w))"
)
_ITEM = re.compile(
    r"^ ?(?:#{1,6}|>|[*•‣◦+]|-(?! ?[0-9.°])"
    r"|\(?[0-9]{1,2}[.)](?![0-9])(?= ?(?:[^\s0-9]|[0-9]{1,3}\.[0-9])))[ ]",
    re.MULTILINE,
)


_GLUED = re.compile(r"(?<=[0-9.,])(?:_{3,}|\*{4,}|(?=~~|<(?:del|strike)>))")
_PARTS = re.compile(r"\*\*|__")


def _blanks_marked(line: str) -> str:
    """The line with a sign of omission where what looks like markup hides digits: "48.8**"."""
    line = _GLUED.sub("…", line)
    open_at: set[str] = set()
    blanks = []
    for part in _PARTS.finditer(line):
        if part[0] in open_at:
            open_at.remove(part[0])
        elif re.match("[0-9.,]", line[part.start() - 1 : part.start()]):
            blanks.append(part)
        else:
            open_at.add(part[0])
    for part in reversed(blanks):
        line = f"{line[: part.start()]}…{line[part.end() :]}"
    return line


def without_latex_words(text: str) -> str:
    r"""The text with "Latitude" for \text{Latitude}, whose braces are those of no object."""
    return _LATEX_LINE.sub("", _LATEX_WORD.sub(r"\1", text))


def without_markup(text: str) -> str:
    """The text without Markdown, HTML and LaTeX, whose words stay: `<lat>` becomes "lat: "."""
    text = "\n".join(map(_blanks_marked, text.split("\n")))
    text = _CONTROL.sub(" ", _STRUCK.sub(" ", text))
    text = _URL.sub(" ", text)
    text = text.replace("“", '"').replace("”", '"').replace("„", '"')
    text = _HEADING.sub(r"\1\2:", text)
    text = _LATEX_DEGREE.sub("°", text)
    text = _FENCE.sub("", _BOXED.sub("\nfinal answer: ", text))
    text = _CELL.sub("\n", _FORMATTING.sub("", text))
    text = _CLOSING.sub("\n", text)
    text = _OPENING.sub(lambda tag: f"\n{tag[1]}{tag[2] or ': '}", text)
    text = _MARKUP.sub("", text)
    text = re.sub(r"[ ]{2,}", " ", text)
    return _ITEM.sub("", text)
