"""Costs, against sums that were done by hand."""

import datetime
from dataclasses import replace

import pytest

from g3lite.prompts import PLANS
from g3lite.scale import costs
from g3lite.scale.costs import (
    CLUSTER,
    GPU_MACHINE,
    LAPTOP,
    PAPER_TRAINING,
    Work,
    asking,
    hosted,
    prices,
    table,
)


def test_every_price_has_its_date_and_page():
    known = prices()
    assert {"electricity", "g5.xlarge", "a100", "s3", "gp3", "zilliz"} <= known.keys()
    for name, price in known.items():
        assert price.usd > 0 and price.per and price.what, name
        assert datetime.date.fromisoformat(price.date) <= datetime.date(2027, 1, 1), name
        assert price.source.startswith("https://"), name


def test_a_laptop_takes_electricity():
    row = Work("embed", LAPTOP, lambda n: 0.36 * n, "guessed").cost(1_000_000)
    assert row["machine hours"] == row["hours until done"] == pytest.approx(100)
    assert row["USD"] == pytest.approx(100 * 0.065 * 0.1802)
    assert row["prices"] == "checked" and row["seconds from"] == "guessed"


def test_a_cluster_is_sooner_done_and_costs_the_same_hours():
    work = Work(
        "train", CLUSTER, lambda n: 3600 * 80, "guessed", memory_bytes=lambda n: 8 * n,
        disk_bytes=lambda n: 1536 * n, disk="s3", months=2,
    )  # fmt: skip
    row = work.cost(100_000_000)
    assert (row["machine hours"], row["hours until done"]) == (80, 10)
    assert (row["memory of each (GB)"], row["disk (GB)"]) == pytest.approx((0.8, 153.6))
    assert row["machines (USD)"] == pytest.approx(80 * 1.48)
    assert row["disk (USD)"] == pytest.approx(153.6 * 2 * 0.023)
    assert row["USD"] == pytest.approx(118.4 + 7.0656)
    assert row["oldest price"] == "2026-04-09"


def test_the_training_of_the_paper():
    row = PAPER_TRAINING.cost(4_122_119)
    assert row["machine hours"] == pytest.approx(70) and row["USD"] == pytest.approx(70 * 2.86)
    assert PAPER_TRAINING.cost(100_000_000)["machine hours"] == pytest.approx(1698.2, abs=0.1)


def test_a_hosted_service_is_paid_by_the_month():
    assert hosted(4_000_000, 2304) == pytest.approx(4 * 3 * 20)
    work = Work("search", GPU_MACHINE, lambda n: 0, "none", months=3,
                service_usd=lambda n: hosted(n, 768), service="zilliz")  # fmt: skip
    assert work.cost(1_000_000)["service (USD)"] == pytest.approx(60)


def test_the_table_says_where_a_price_is_not_checked(monkeypatch):
    known = prices()
    changed = known | {"s3": replace(known["s3"], checked=False)}
    monkeypatch.setattr(costs, "prices", lambda: changed)
    plain = Work("embed", LAPTOP, lambda n: n, "guessed")
    kept = replace(plain, disk_bytes=lambda n: n, disk="s3")
    found = table([plain, kept], [10, 20])
    assert found["photos"].tolist() == [10, 10, 20, 20]
    assert found["prices"].tolist() == ["checked", "not all checked"] * 2


def test_a_work_that_cannot_be_is_named():
    with pytest.raises(ValueError, match="embed, a laptop .*machine hours is -"):
        Work("embed", LAPTOP, lambda n: -n, "guessed").cost(10)
    with pytest.raises(ValueError, match="no price of 'gold'; there are electricity"):
        Work("embed", LAPTOP, lambda n: n, "guessed", disk="gold").cost(10)


def test_asking_as_the_paper_did():
    found = asking(2_997, "gpt-4o", tokens_per_image=255)
    whole = found.loc["all"]
    assert whole.replies == 2_997 * 4 * 10 and whole.requests == 2_997 * 4
    assert whole.USD == pytest.approx((whole.tokens_in * 2.5 + whole.tokens_out * 10) / 1e6)
    paper = PLANS["paper"].estimate(2_997, 255, 2.5, 10)
    assert whole.USD == paper.price["all"]
    with pytest.raises(ValueError, match="no price of 'nobody input'"):
        asking(1, "nobody", 255)
