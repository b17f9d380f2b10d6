"""`g3lite evaluate` on tables as people have them: the cases in tests/cases/tables, and others."""

import gzip
import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from g3lite import evaluation, geo
from g3lite.cli import main
from g3lite.datasets import csvfile, tables
from g3lite.photos import TableError

CASES = Path(__file__).parents[1] / "cases" / "tables"
TRUTH = CASES / "truth.csv"


def evaluated(capsys, table, *options):
    """What the command printed, the lines on standard error, and its last words if it failed."""
    with pytest.raises(SystemExit) as stop:
        main.main(["evaluate", str(table), *map(str, options)])
    out, err = capsys.readouterr()
    return out, err.splitlines(), stop.value.code or None


def shares(out):
    """The shares within the five distances, in per cent, as they are written."""
    return [line.split("%")[1].split()[0] for line in out.splitlines() if " km, %" in line]


# Cases: tables of predictions, and what is right


@pytest.mark.parametrize("name", ["good", "bom", "spaces"])
def test_tables_that_are_well_formed_are_read(capsys, name):
    out, told, wrong = evaluated(capsys, CASES / f"{name}.csv", "--truth", TRUTH)
    assert (told, wrong) == ([], None)
    assert out.startswith("3 photos; 95 % intervals: 3 photographers resampled\n")
    assert shares(out) == ["100.00"] * 5


def test_of_a_photo_that_comes_twice_the_first_row_counts_and_that_is_said(capsys):
    out, (told,), wrong = evaluated(capsys, CASES / "dup.csv", "--truth", TRUTH)
    assert wrong is None and shares(out) == ["100.00"] * 5 and out.startswith("3 photos;")
    assert "'a.jpg' occurs more than once; the first row" in told and "left out: 1" in told


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("comma_everywhere", "row 0 (line 2 of the file) has 5 fields under 3 columns"),
        ("quoted_comma", "LAT_pred of row 0 is '38,71', which is not a number"),
        ("degree_sign", "LAT_pred of row 0 is '38.71°', which is not a number"),
        ("excel_ids", "IMG_ID of row 0 is '1.00027E+09', an id that a spreadsheet has rounded"),
        ("semicolon", "its columns are separated by semicolons (';')"),
        ("semicolon_comma", "its columns are separated by semicolons (';')"),
        ("tabs", r"its columns are separated by tabs ('\t')"),
        ("swapped", "latitude 151.2 in row 1 is outside [-90, 90]; did you pass [lon, lat]?"),
        ("lon360", "longitude 350.87 in row 0 is outside [-180, 180]; subtract or add 360"),
        ("utf16", "it is text in UTF-16"),
        ("empty", "it is empty"),
        ("only_header", "it holds no predictions, only a header"),
        ("ids_no_suffix", "it has 'a', the truth has 'a.jpg'; the ids lack the suffix"),
        ("lat_lon_names", "it lacks LAT_pred, LON_pred; it has IMG_ID, latitude, longitude, and "
         "wanted are IMG_ID, LAT_pred, LON_pred"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_trusted_are_refused_in_a_line(capsys, name, words):
    out, told, wrong = evaluated(capsys, CASES / f"{name}.csv", "--truth", TRUTH)
    assert (out, told) == ("", [])
    assert f"{name}.csv: " in wrong and words in wrong and "\n" not in wrong


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("truth_author_comma", "row 0 (line 2 of the file) has 5 fields under 4 columns"),
        ("truth_author_digits", "row 0 (line 2 of the file) has 5 fields under 4 columns"),
        ("truth_comma_everywhere", "row 0 (line 2 of the file) has 6 fields under 4 columns"),
        ("truth_utf16", "it is text in UTF-16"),
    ],
)
def test_truths_that_cannot_be_trusted_are_refused_in_a_line(capsys, name, words):
    truth = CASES / f"{name}.csv"
    out, told, wrong = evaluated(capsys, CASES / "good.csv", "--truth", truth)
    assert (out, told) == ("", []) and f"{name}.csv: {words}" in wrong


def test_a_byte_order_mark_of_the_truth_is_no_part_of_it(capsys):
    out, told, _ = evaluated(capsys, CASES / "good.csv", "--truth", CASES / "truth_bom.csv")
    assert shares(out) == ["100.00"] * 5 and told == []


def test_half_a_prediction_and_words_for_none_count_as_wrong(capsys):
    out, (told,), _ = evaluated(capsys, CASES / "half.csv", "--truth", TRUTH)
    assert shares(out) == ["66.67"] * 5 and "count as wrong: 1, the first is row 0" in told
    assert out.startswith("3 photos, 1 of them without a prediction (wrong);")
    out, told, _ = evaluated(capsys, CASES / "nan_words.csv", "--truth", TRUTH)
    assert shares(out) == ["33.33"] * 5 and told == []
    assert out.startswith("3 photos, 2 of them without a prediction (wrong);")


def test_a_photographer_may_be_called_na(capsys):
    out, _, _ = evaluated(capsys, CASES / "self_NA_author.csv")
    assert out.startswith("3 photos; 95 % intervals: 2 photographers resampled")


# Both readers


@pytest.fixture
def read(tmp_path):
    """Reads a text as predictions and as truth: the words of both refusals."""

    def said(capsys, text):
        path = tmp_path / "t.csv"
        path.write_text(text)
        _, _, wrong = evaluated(capsys, path)
        with pytest.raises(TableError) as other:
            tables.read(path)
        return wrong, str(other.value)

    return said


HEAD = "IMG_ID,AUTHOR,LAT,LON,LAT_pred,LON_pred\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + "a,x,1,2,3,4,5\n", "row 0 (line 2 of the file) has 7 fields under 6 columns"),
        (HEAD + "a,x,1,2,3,4\n\nb,x,1,2,3,4,,\n", "row 1 (line 4 of the file) has 8 fields"),
        (HEAD + '"a\nb","x, y",1,2,3,4\nc,"d",1,2,3,4,5\n', "row 1 (line 4 of the file) has 7"),
        (HEAD.replace(",", "|"), "its columns are separated by bars ('|')"),
        (HEAD.replace("AUTHOR", "LAT") + "a,1,1,2,3,4\n", "more than one column LAT; keep one"),
        ("PK\x03\x04 and more", "it is a workbook of a spreadsheet, or a zip; save it as CSV"),
        ("\n \n", "it is empty"),
        (HEAD + 'a,"x,1,2,3,4\n' + "b,x,1,2,3,4\n" * 20_000, "cannot be read as a CSV table: fiel"),
    ],
)
def test_both_readers_refuse_what_cannot_be_read_row_by_row(capsys, read, text, words):
    assert all(words in said for said in read(capsys, text))


PADDED = HEAD.replace("\n", ",,\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PADDED + "a,x,1,2,3,4,,\nb,38,71,-9,13,x,4,\n", "row 1 (line 3 of the file) has '4' un"),
        (HEAD.replace("\n", ",\n") + "a,x,1,2,3,4,5\n", "row 0 (line 2 of the file) has '5' un"),
        (PADDED.replace(",,", ",Unnamed: 6,,note") + 'a,"x",1,2,3,4,5,,\n', "has '5' under a"),
        (HEAD.replace("\n", ",note\n") + "a,x,1,2,3,4,5,\n", "(line 2 of the file) has 8 fields"),
        (HEAD + "a,x,1,2,3,\nb,x,1,2,3\n", "row 1 (line 3 of the file) has 5 fields under 6"),
        (HEAD + "a,x,1,2,3,4\n\x1a", "row 1 (line 3 of the file) has one field under 6 columns"),
        ("My table\n" + HEAD + "a,x,1,2,3,4\n", "its first line is 'My table' and not the names"),
        ("sep=,\n" + HEAD, "its first line is 'sep=,' and not the names of the columns; delete"),
        ("# made by x, y\n" + HEAD, "its first line is '# made by x,y' and not the names"),
        ("BZh91AY", "it is compressed with bzip2; unpack it"),
    ],
)  # fmt: skip
def test_both_readers_refuse_what_may_be_shifted(capsys, read, text, words):
    assert all(words in said for said in read(capsys, text))


def test_shifts_in_every_row_are_refused(capsys, tmp_path):
    path = tmp_path / "t.csv"
    for head, row, words in (
        ("IMG_ID,LAT_pred,LON_pred,,", "{},38,71,-9,13", "'-9' under a column without a name"),
        ("IMG_ID,LAT_pred,LON_pred,", "{},38.71,-9,13", "'13' under a column without a name"),
        ("IMG_ID,LAT_pred,LON_pred,note", "{},38.71,-9,13,", "5 fields under 4 columns"),
        ("IMG_ID,LAT_pred,LON_pred", "{},38,71,", "4 fields under 3 columns"),
        ("IMG_ID,LAT_pred,LON_pred,score", "{},-9.13,0.8", "3 fields under 4 columns"),
    ):
        path.write_text("\n".join([head, *map(row.format, ("a.jpg", "b.jpg", "c.jpg"))]))
        _, _, wrong = evaluated(capsys, path, "--truth", TRUTH)
        assert f"row 0 (line 2 of the file) has {words}" in wrong


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\n".join(f"{line},," for line in text.splitlines()),
        lambda text: text.replace("LON_pred", "LON_pred,,"),  # the fields may be lacking
        lambda text: "\n".join(
            f"{k or ''},{line}" for k, line in enumerate(text.splitlines())  # an index of pandas
        ),
        lambda text: " \n\t\n" + "\n" * 5_000 + text,
    ],
)  # fmt: skip
def test_padding_and_an_index_cost_nothing(capsys, tmp_path, change):
    (tmp_path / "t.csv").write_text(change((CASES / "good.csv").read_text()))
    out, told, wrong = evaluated(capsys, tmp_path / "t.csv", "--truth", TRUTH)
    assert (told, wrong) == ([], None) and shares(out) == ["100.00"] * 5


@pytest.mark.parametrize(
    "name", ["p.zip", "p.csv.xz", "p.csv.bz2", "p.csv.zst", "p.tar", "p.tar.gz", "p.csv.gz", "p.GZ"]
)
def test_what_a_file_holds_counts_and_not_its_name(capsys, tmp_path, name):
    for packed in (lambda data: data, gzip.compress):
        for folder, case in (("p", "good.csv"), ("t", "truth.csv")):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / name).write_bytes(packed((CASES / case).read_bytes()))
        found, truth = tmp_path / "p" / name, tmp_path / "t" / name
        assert shares(evaluated(capsys, found, "--truth", truth)[0]) == ["100.00"] * 5
        assert len(tables.read(truth)) == 3


@pytest.mark.parametrize("codec", ["utf-32", "utf-32-le"])
def test_text_in_utf_32_is_named(capsys, tmp_path, codec):
    text = (CASES / "good.csv").read_text()
    (tmp_path / "t.csv").write_bytes(("\ufeff" * (codec[-2:] == "le") + text).encode(codec))
    assert evaluated(capsys, tmp_path / "t.csv")[2].endswith(
        "it is text in UTF-32; save it as UTF-8"
    )


def test_ids_whose_letters_cannot_be_read_are_refused(capsys, tmp_path):
    good, truth = (CASES / name for name in ("good.csv", "truth.csv"))
    for path in (good, truth):
        text = path.read_text().replace("b.jpg", "ä.jpg").replace("c.jpg", "ö.jpg")
        (tmp_path / path.name).write_bytes(text.encode("cp1252"))
    words = (
        "IMG_ID of row 1 is '\ufffd.jpg', with a letter that is not in UTF-8 (the file may be in"
    )
    for pair in ((good, tmp_path / "truth.csv"), (tmp_path / "good.csv", truth)):
        _, _, wrong = evaluated(capsys, pair[0], "--truth", pair[1])
        assert words in wrong and "Windows-1252" in wrong


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name")
def test_what_is_no_file_is_said_and_stays(capsys, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for arguments in ((pipe,), (CASES / "good.csv", "--truth", pipe)):
        assert "pipe is a pipe or a device" in evaluated(capsys, *arguments)[2]
    assert evaluated(capsys, tmp_path)[2].endswith(
        "is a folder; name a table that is saved as a file"
    )
    out, _, wrong = evaluated(capsys, CASES / "self_NA_author.csv", "--csv", pipe)
    assert (
        out == "" and wrong.endswith("pipe is a device or a pipe; name a file") and pipe.is_fifo()
    )


def test_the_scores_replace_none_of_the_tables(capsys, tmp_path):
    for name in ("good.csv", "truth.csv"):
        (tmp_path / name).write_bytes((CASES / name).read_bytes())
    os.link(tmp_path / "good.csv", tmp_path / "same.csv")
    pair = tmp_path / "good.csv", "--truth", tmp_path / "truth.csv"
    for name in ("good.csv", "truth.csv", "same.csv"):
        out, _, wrong = evaluated(capsys, *pair, "--csv", tmp_path / name)
        assert out == "" and wrong.endswith(
            f"{name} is a file that is read here; write to another one"
        )
    assert (tmp_path / "good.csv").read_bytes() == (CASES / "good.csv").read_bytes()
    _, _, wrong = evaluated(capsys, *pair, "--csv", tmp_path / "out.xlsx")
    assert wrong.endswith("out.xlsx: scores are written as CSV; name a file that ends in .csv")
    assert not (tmp_path / "out.xlsx").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a name")
def test_a_table_whose_name_is_no_text_is_scored(capsys, tmp_path):
    found, scores = (tmp_path / os.fsdecode(name) for name in (b"\xff.csv", b"s\xff.csv"))
    found.write_bytes((CASES / "good.csv").read_bytes())
    out, _, wrong = evaluated(capsys, found, "--truth", TRUTH, "--csv", scores)
    assert wrong is None and shares(out) == ["100.00"] * 5
    assert pd.read_csv(io.BytesIO(scores.read_bytes()))["method"][0].endswith("\\xff.csv")


def test_rows_that_are_skipped_shift_no_other(tmp_path):
    path = tmp_path / "t.csv"
    rows = ["0,1,2,3,4", "", '"1\n1",2,3', "2,1,2,3", "3,,", "", '4,"5, 6",7', "5,1,2,3,4,5"]
    path.write_text("\n".join(["A, B ,C", *rows]))
    with pytest.warns(UserWarning, match=r"left out: 3, the first of them row 0 \(line 2 "):
        pieces = list(csvfile.read_text(path, "skip", chunk=2))
    found = pd.concat(pieces)
    assert list(found) == ["A", "B", "C"] and [len(piece) for piece in pieces] == [2, 1]
    expected = [["1\n1", "2", "3"], ["3", None, None], ["4", "5, 6", "7"]]
    assert found.astype(object).where(found.notna(), None).to_numpy().tolist() == expected


def test_an_empty_field_too_many_shows_that_a_row_is_shifted(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("A,B,C\n1,2,3\nPorto, Portugal,2,\n")
    with pytest.raises(TableError, match=r"^row 1 \(line 3 of the file\) has 4 fields under 3"):
        list(csvfile.read_text(path))
    path.write_text("A,B,C\n1,2,3,\n4,5,,\n")  # in every row, too: a shift may be in each
    with pytest.raises(TableError, match=r"^row 0 \(line 2 of the file\) has 4 fields under 3"):
        list(csvfile.read_text(path))


def test_a_long_row_is_found_wherever_a_piece_ends(tmp_path):
    path = tmp_path / "t.csv"
    for row in range(12):
        rows = [f"{k},1,2" + ",3" * (k == row) for k in range(12)]
        path.write_text("\n".join(["A,B,C", *rows]))
        with pytest.raises(TableError, match=rf"^row {row} \(line {row + 2} "):
            list(csvfile.read_text(path, chunk=3))


# Truth and predictions do not cover each other


@pytest.fixture
def run(tmp_path):
    """A truth of 40 photos, predictions 10 km off for 30 of them and for 3 others."""
    place = np.column_stack([np.linspace(-50, 60, 43), np.linspace(-180, 180, 43)])
    answers = geo.offset(place, 40, np.full(43, 10.0))
    table = pd.DataFrame({"IMG_ID": [f"{k}.jpg" for k in range(43)], "AUTHOR": "x",
                          "LAT": place[:, 0], "LON": place[:, 1]})  # fmt: skip
    table[:40].to_csv(tmp_path / "truth.csv", index=False)
    found = table[["IMG_ID"]].assign(LAT_pred=answers[:, 0], LON_pred=answers[:, 1])
    found[10:].to_csv(tmp_path / "found.csv", index=False)
    return tmp_path


def test_predictions_of_other_photos_are_left_out_and_named(capsys, run):
    out, told, wrong = evaluated(capsys, run / "found.csv", "--truth", run / "truth.csv")
    assert wrong is None and shares(out) == ["0.00", "75.00", "75.00", "75.00", "75.00"]
    assert out.startswith("40 photos, 10 of them without a prediction (wrong);")
    assert len(told) == 2 and told[0].endswith("have their photos: 3 (40.jpg, 41.jpg, 42.jpg)")
    assert told[1].endswith("which count as wrong: 10 (0.jpg, 1.jpg, 2.jpg, ...)")


def test_answers_of_zero_zero_are_reported_and_scored(capsys, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(HEAD + "a,x,1,1,0,0\nb,y,1,1,1,1\nc,x,1,1,0.0,-0.0\n")
    out, (told,), _ = evaluated(capsys, path)
    assert "predictions of (0, 0)" in told and "that place: 2;" in told
    assert shares(out) == ["33.33", "33.33", "100.00", "100.00", "100.00"]


def test_scores_come_as_json_and_as_csv(capsys, run):
    names = [run / "found.csv", "--truth", run / "truth.csv", "--json", "--csv", run / "s.csv"]
    out, told, wrong = evaluated(capsys, *names)
    about = json.loads(out)
    assert wrong is None and told[-1] == f"wrote {run / 's.csv'}"
    assert (about["photos"], about["without_prediction"]) == (40, 10)
    assert about["resampled"] == "photos"  # a single photographer
    scores = {row["metric"]: row for row in about["scores"]}
    assert list(scores) == list(evaluation.METRICS) and scores["city"]["value"] == 0.75
    written = pd.read_csv(run / "s.csv").set_index("metric")
    assert written.loc["city", ["value", "low", "high"]].tolist() == [
        scores["city"][key] for key in ("value", "low", "high")
    ]
    nobody = run / "nobody.csv"
    nobody.write_text("IMG_ID,LAT_pred,LON_pred\n0.jpg,,\n")
    out, _, _ = evaluated(capsys, nobody, "--truth", run / "truth.csv", "--json")
    (median,) = [row for row in json.loads(out)["scores"] if row["metric"] == "median_km"]
    assert median["value"] is None  # infinite


def test_a_file_of_scores_that_cannot_be_written_is_refused_at_once(capsys, run):
    out, _, wrong = evaluated(capsys, run / "found.csv", "--csv", run / "no" / "s.csv")
    assert out == "" and "no file can be written to" in wrong
    out, _, wrong = evaluated(capsys, run / "found.csv", "--csv", run)
    assert out == "" and wrong.endswith("is a folder; name a file")


# The two tables write things differently


@pytest.fixture
def score(capsys, tmp_path):
    """Scores a table of predictions with a truth, both of them text."""

    def scored(found, truth):
        (tmp_path / "found.csv").write_text("IMG_ID,LAT_pred,LON_pred\n" + found)
        (tmp_path / "truth.csv").write_text(truth)
        return evaluated(capsys, tmp_path / "found.csv", "--truth", tmp_path / "truth.csv")

    return scored


FOUND = "x/a.jpg,1,2\nx_b.jpg,3,4\n"


@pytest.mark.parametrize(
    "truth", ["x/a.jpg,p,1,2,\nx/b.jpg,q,3,4,\n", "x_a.jpg,p,1,2,\nx_b.jpg,q,3,4,\n"]
)
@pytest.mark.parametrize("column", ["neighbourhood", "other"])
def test_ids_may_have_slashes_or_underscores(score, truth, column):
    out, told, _ = score(FOUND, f"IMG_ID,AUTHOR,LAT,LON,{column}\n{truth}")
    assert told == [] and shares(out) == ["100.00"] * 5


def test_ids_that_may_be_either_stay_as_they_are(score):
    truth = "IMG_ID,AUTHOR,LAT,LON\nx/a.jpg,p,1,2\nx_a.jpg,q,50,60\n"
    out, told, _ = score("x/a.jpg,1,2\nx_a.jpg,50,60\n", truth)
    assert told == [] and shares(out) == ["100.00"] * 5
    out, told, _ = score("x_a.jpg,50,60\nx/a.jpg,9,9\n", truth.replace("x/a.jpg", "b.jpg"))
    assert shares(out) == ["50.00"] * 5 and "(x/a.jpg)" in told[0]


def test_blanks_around_ids_of_the_truth_are_no_part_of_them(score):
    truth = "IMG_ID,AUTHOR,LAT,LON\nx/a.jpg ,p,1,2\n\tx_b.jpg,q,3,4\n"
    out, told, _ = score(FOUND, truth)
    assert told == [] and shares(out) == ["100.00"] * 5


def test_a_truth_needs_no_photographers_and_nothing_else_in_it_matters(score):
    truth = "IMG_ID,LAT,LON,S3_Label,Prob_urban\nx/a.jpg,1,2,none,?\nx_b.jpg,3,4,1.5,high\n"
    out, told, wrong = score(FOUND, truth)
    assert (told, wrong) == ([], None) and shares(out) == ["100.00"] * 5
    assert out.startswith("2 photos; 95 % intervals: photos resampled")


def test_rows_are_numbered_as_in_the_file(score, capsys, tmp_path):
    truth = "IMG_ID,AUTHOR,LAT,LON\na,p,1,2\nb,q,3,4\n"
    assert "latitude 148.85 in row 3 is" in score("a,1,2\na,3,4\na,5,6\nb,148.85,2\n", truth)[2]
    assert "latitude 90.0000001 in row 0" in score("a,90.0000001,2\n", truth)[2]
    assert score("a,1,2\na,3,4\nb,3,\n", truth)[1][1].endswith("1, the first is row 2")
    (tmp_path / "own.csv").write_text(HEAD + "a,x,1,2,3,4\na,x,1,2,3,4\nb,x,1,,3,4\n")
    assert "longitude nan in row 2 is" in evaluated(capsys, tmp_path / "own.csv")[2]


def test_a_truth_that_may_be_exchanged_names_the_way_out_of_a_command(score):
    _, _, wrong = score("a,1,2\n", "IMG_ID,AUTHOR,LAT,LON\na,p,138.71,-9\nb,q,3,4\nc,r,5,6\n")
    assert "in 1 of 3 rows only: put those right" in wrong and "swapped" not in wrong


# Memory


@pytest.mark.parametrize("clusters", ["AUTHOR", None])
def test_resamples_in_blocks_are_those_of_one_block(monkeypatch, clusters):
    rng = np.random.default_rng(1)
    place = np.column_stack([rng.uniform(-60, 70, 300), rng.uniform(-180, 180, 300)])
    answers = geo.offset(place, 90, 10 ** rng.uniform(-1, 4, 300))
    truth = pd.DataFrame({"IMG_ID": np.arange(300), "AUTHOR": rng.integers(0, 40, 300),
                          "LAT": place[:, 0], "LON": place[:, 1]})  # fmt: skip

    def figures():
        options = {"clusters": clusters, "replicates": 500}
        return (
            evaluation.evaluate({"a": answers, "b": answers[::-1]}, truth, **options),
            evaluation.compare(answers, answers[::-1], truth, **options),
        )

    whole = figures()
    drawn = evaluation._draws(np.arange(300), 500, 0)
    assert [len(block) for block in drawn] == [500]
    monkeypatch.setattr(evaluation, "BLOCK", 7_000)
    assert max(block.size for block in evaluation._draws(np.arange(300), 500, 0)) <= 7_000
    for one, other in zip(whole, figures(), strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
