"""Training on cached features: numbers, resuming, and several processes."""

import os
import signal
import subprocess
import sys
import tracemalloc
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from g3lite import geo, training
from g3lite.alignment import GeoAlignment, GeoAlignmentConfig, alignment_loss, within_km
from g3lite.backbone import Features
from g3lite.photos import PhotoSet
from g3lite.places import place_texts
from g3lite.training import SCHEDULES, AlignmentDataset, Schedule, fit, validate

TINY = GeoAlignmentConfig(image=16, text=12, shared=8, gps=10, gps_width=32, frequencies=8)
QUICK = Schedule(epochs=4, batch_size=40, lr=3e-3)
STEPS = 5
"""Steps of an epoch of 200 pairs."""


@pytest.fixture(autouse=True)
def on_the_cpu(request, monkeypatch):
    """Numbers are compared bit for bit, so everything but the GPU's own test is for the CPU."""
    if "on_a_gpu" not in request.node.name:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def pairs(n: int = 200, seed: int = 0, cities: int = 20) -> AlignmentDataset:
    """Photos of a few cities: what can be seen, read and located depends on the city."""
    world = np.random.default_rng(7)
    seen, read = world.standard_normal((cities, 16)), world.standard_normal((cities, 12))
    centres = np.column_stack([world.uniform(-60, 60, cities), world.uniform(-175, 175, cities)])
    rng = np.random.default_rng(seed)
    city = rng.integers(0, cities, n)
    image = seen[city] + 0.3 * rng.standard_normal((n, 16))
    where = geo.offset(centres[city], rng.uniform(0, 360, n), rng.uniform(0, 20, n))
    return AlignmentDataset(
        image.astype(np.float32), read.astype(np.float32), city.astype(np.int64), where
    )


def model(seed: int = 0) -> GeoAlignment:
    torch.manual_seed(seed)
    return GeoAlignment(TINY)


def run(schedule: Schedule = QUICK, folder=None, aligner: GeoAlignment | None = None, **data):
    """Train, and return the history without its clock, and the weights."""
    aligner = aligner or model()
    data = {"train": pairs(), "validation": pairs(60, 1), **data}
    history = fit(aligner, **data, schedule=schedule, folder=folder, progress=False)
    return history.drop(columns="seconds"), aligner.state_dict()


def assert_identical(one, other) -> None:
    pd.testing.assert_frame_equal(one[0], other[0], check_exact=True)
    assert one[1].keys() == other[1].keys()
    for name, tensor in one[1].items():
        assert torch.equal(tensor, other[1][name]), name


def differ(one, other) -> bool:
    return not np.allclose(one[0].loss, other[0].loss, rtol=1e-6)


class Steps:
    """Counts training steps, and interrupts before the step it is told to."""

    def __init__(self, monkeypatch, stop_before: int | None = None) -> None:
        self.taken, self.stop_before = 0, stop_before
        real = training._loss

        def loss(*arguments):
            if self.taken + 1 == self.stop_before:
                raise KeyboardInterrupt
            self.taken += 1
            return real(*arguments)

        monkeypatch.setattr(training, "_loss", loss)


class Judge:
    """Gives the validation losses it is told to, and keeps the weights of every epoch."""

    def __init__(self, monkeypatch, losses: list[float]) -> None:
        self.losses, self.weights = losses, []

        def stub(aligner, *_):
            self.weights.append({k: v.clone() for k, v in aligner.state_dict().items()})
            return self.losses[len(self.weights) - 1], 0.5

        monkeypatch.setattr(training, "validate", stub)


# --- numbers


def test_it_learns():
    history, weights = run(replace(QUICK, epochs=12))
    assert history.columns.tolist() == ["epoch", "loss", "validation_loss", "accuracy", "lr"]
    assert history.epoch.tolist() == list(range(1, 13))
    assert history.loss.iloc[-1] < history.loss.iloc[0] / 2
    assert history.validation_loss.min() < history.validation_loss.iloc[0]
    assert history.accuracy.iloc[-1] > max(0.5, history.accuracy.iloc[0])
    np.testing.assert_allclose(history.lr, 3e-3 * 0.87 ** np.arange(12), rtol=1e-12)
    for name, start in model().state_dict().items():
        moved = not torch.equal(weights[name], start)
        assert moved != name.endswith(".0.b"), f"{name}: all but the fixed frequencies move"


def test_one_batch_per_epoch_is_plain_adamw():
    data, aligner = pairs(40), model()
    *weights, scales = sorted(aligner.parameters(), key=lambda p: p is aligner.log_scales)
    optimizer = torch.optim.AdamW(
        [{"params": weights}, {"params": [scales], "weight_decay": 0.0}], lr=1e-3, weight_decay=0.1
    )
    losses = []
    for epoch in range(3):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * 0.5**epoch
        loss = alignment_loss(aligner(*data.batch(np.arange(40), aligner.device)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    schedule = Schedule(epochs=3, batch_size=256, lr=1e-3, weight_decay=0.1, decay=0.5)
    history, weights = run(schedule, train=data, validation=data)
    np.testing.assert_allclose(history.loss, losses, rtol=1e-5)
    for name, tensor in aligner.state_dict().items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-3, atol=1e-5)


def test_the_presets():
    paper = SCHEDULES["paper"]
    assert paper == Schedule(10, 256, lr=3e-5, weight_decay=1e-6, decay=0.87, patience=None)
    assert paper.use_text and not paper.mask_same_text and paper.mask_km is None
    assert SCHEDULES["small"].patience is not None


def test_same_seed_same_numbers_whatever_happened_before():
    first = run()
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002
    torch.rand(17)
    assert_identical(run(), first)


def test_another_seed_other_numbers():
    assert differ(run(replace(QUICK, seed=1)), run())


def test_without_text_its_head_stays_and_the_loss_is_smaller():
    history, weights = run(replace(QUICK, use_text=False))
    start = model().state_dict()
    for name in (name for name in start if name.startswith(("text_head", "image_to_text"))):
        assert torch.equal(weights[name], start[name]), name
    assert (history.loss < run()[0].loss).all()


def test_masks_take_their_pairs_out_of_the_loss():
    data = pairs(40)
    schedule = replace(QUICK, epochs=1)
    everything = torch.arange(40)
    text_of = torch.from_numpy(data.text_of)
    same_text = text_of[everything, None] == text_of
    too_near = within_km(torch.from_numpy(data.coordinates), 50.0)
    assert same_text.sum() > 40 and too_near.sum() > 40
    with torch.no_grad():
        batch = model()(*data.batch(everything.numpy(), torch.device("cpu")))
    plain = alignment_loss(batch).item()
    for masks, expected in [
        ({}, plain),
        ({"mask_same_text": True}, alignment_loss(batch, same_text=same_text).item()),
        ({"mask_km": 50.0}, alignment_loss(batch, too_near=too_near).item()),
        (
            {"mask_same_text": True, "mask_km": 50.0},
            alignment_loss(batch, same_text, too_near).item(),
        ),
    ]:
        history, _ = run(replace(schedule, **masks), train=data, validation=data)
        assert history.loss[0] == pytest.approx(expected, rel=1e-5)
        assert not masks or expected < plain - 1e-3


def test_judging_is_what_its_description_says():
    aligner, train, validation = model().eval(), pairs(), pairs(90, 1)
    loss, accuracy = validate(aligner, train, validation, QUICK)
    to_gps = aligner.embed_images(validation.image)[1]
    cosines = to_gps @ aligner.embed_coordinates(train.coordinates).T
    answers = train.coordinates[cosines.argmax(axis=1)]
    near = geo.great_circle_km(answers, validation.coordinates) <= 200
    assert accuracy == pytest.approx(near.mean(), abs=1e-9)
    assert loss > 0 and validate(aligner, train, validation, QUICK) == (loss, accuracy)
    # 90 photos in batches of 40: a third batch would be smaller, and so easier.
    assert validate(aligner, train, validation, replace(QUICK, batch_size=90))[0] > loss


# --- the best epoch


def test_the_weights_of_the_best_epoch_are_kept(monkeypatch):
    judged = Judge(monkeypatch, [3.0, 2.0, 1.0, 2.0])
    aligner = model()
    _, weights = run(aligner=aligner)
    assert len(judged.weights) == 4 and not aligner.training
    for name, tensor in judged.weights[2].items():
        assert torch.equal(weights[name], tensor), name
    assert not torch.equal(weights["gps_head.0.weight"], judged.weights[3]["gps_head.0.weight"])


def test_the_best_epoch_is_kept_when_nothing_can_be_learnt():
    validation = pairs(60, 1)
    shuffled = replace(validation, image=validation.image[::-1].copy())
    aligner = model()
    history, _ = run(replace(QUICK, epochs=12), aligner=aligner, validation=shuffled)
    assert history.validation_loss.argmin() < 11, "it gets worse, as intended"
    again, _ = validate(aligner, pairs(), shuffled, QUICK)
    assert again == history.validation_loss.min()


def test_it_stops_when_nothing_gets_better(monkeypatch):
    losses = [3.0, 2.0, 2.5, 1.9, 2.0, 1.95, 1.0, 1.1]
    for patience, epochs in [(1, 3), (2, 6), (3, 8), (None, 8)]:
        judged = Judge(monkeypatch, losses)
        history, weights = run(replace(QUICK, epochs=8, patience=patience))
        assert len(history) == epochs
        best = judged.weights[int(np.argmin(losses[:epochs]))]["log_scales"]
        assert torch.equal(weights["log_scales"], best)


def test_the_epoch_of_the_best_accuracy_is_kept_if_wanted(monkeypatch):
    figures = [(1.0, 0.2), (2.0, 0.4), (3.0, 0.4), (4.0, 0.3)]
    kept = []

    def stub(aligner, *_):
        kept.append({k: v.clone() for k, v in aligner.state_dict().items()})
        return figures[len(kept) - 1]

    monkeypatch.setattr(training, "validate", stub)
    for select, patience, epochs, best in [
        ("accuracy", None, 4, 2), ("accuracy", 2, 4, 2), ("accuracy", 1, 3, 2), ("loss", 2, 3, 0),
    ]:  # fmt: skip
        kept.clear()
        history, weights = run(replace(QUICK, select=select, patience=patience))
        assert len(history) == epochs, (select, patience)
        assert torch.equal(weights["gps_head.0.weight"], kept[best]["gps_head.0.weight"])
    with pytest.raises(ValueError, match="'f1' is unknown"):
        Schedule(select="f1")


def test_accuracy_counts_within_the_radius_of_the_schedule():
    aligner, train, validation = model().eval(), pairs(), pairs(90, 1)
    shares = [validate(aligner, train, validation, replace(QUICK, near_km=km))[1]
              for km in (1.0, 200.0, 5000.0, 20_100.0)]  # fmt: skip
    assert shares == sorted(shares) and shares[0] < shares[2] and shares[3] == 1


# --- the rate, and what cannot be learnt


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        (None, [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5]),
        (2, [1, 0.5**0.5, 0.5, 0.5**1.5, 0.25, 0.5**2.5, 0.125, 0.5**3.5]),
        (0.5, [0.5 ** (step / 4) for step in range(8)]),  # a half of the run has four steps
        (1.0, [0.5 ** (step / 8) for step in range(8)]),
    ],
)
def test_the_rate_falls_by_epochs_by_steps_or_by_a_part_of_the_run(monkeypatch, every, expected):
    schedule = Schedule(epochs=2, batch_size=50, lr=1.0, decay=0.5, decay_every=every)
    rates = [schedule.rate(epoch, step, 4) for epoch in range(2) for step in range(4)]
    np.testing.assert_allclose(rates, expected, rtol=1e-12)
    used, adamw = [], torch.optim.AdamW.step

    def step(self, *arguments, **options):
        used.extend({group["lr"] for group in self.param_groups})
        return adamw(self, *arguments, **options)

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    history, _ = run(replace(schedule, lr=1e-3))
    np.testing.assert_allclose(used, np.multiply(expected, 1e-3), rtol=1e-12)
    np.testing.assert_allclose(history.lr, [used[0], used[4]], rtol=1e-12)


@pytest.mark.parametrize("every", [0, -1, 1.5, 0.0, float("nan")])
def test_an_impossible_decay_is_refused(every):
    with pytest.raises(ValueError, match="decay_every"):
        Schedule(decay_every=every)


def test_a_short_run_that_decays_by_the_epoch_says_that_it_stays_at_chance():
    by_epoch = Schedule(epochs=60, batch_size=200, lr=1e-3)  # a step per epoch
    with pytest.warns(UserWarning, match=r"at chance: .* 8\.19 \(2 ln 60\).*decay_every=0.25"):
        stuck, _ = run(by_epoch)
    with pytest.warns(UserWarning, match=r"4\.09 \(ln 60\)"):
        run(replace(by_epoch, epochs=2, lr=1e-6, use_text=False))
    with warnings.catch_warnings(action="error"):
        learnt, _ = run(replace(by_epoch, lr=1e-2, decay=0.3, decay_every=0.5))
    assert learnt.validation_loss.min() < stuck.validation_loss.min() - 1


def test_features_of_another_width_are_named():
    wide = replace(pairs(), image=np.zeros((200, 20), np.float32))
    with pytest.raises(ValueError, match="image of train .* 20 numbers, the heads are for 16"):
        run(train=wide)
    texts = replace(pairs(60), texts=np.zeros((20, 5), np.float32))
    with pytest.raises(ValueError, match="texts of validation .* 5 numbers, the heads are for 12"):
        run(validation=texts)


def test_heads_without_texts_learn_from_images_and_places_alone():
    data = {name: AlignmentDataset.without_texts(some.image.astype(np.float16), some.coordinates)
            for name, some in {"train": pairs(), "validation": pairs(60, 1)}.items()}  # fmt: skip
    torch.manual_seed(0)
    aligner = GeoAlignment(replace(TINY, text=0))
    with pytest.raises(ValueError, match="use_text=False"):
        run(aligner=aligner, **data)
    history, _ = run(replace(QUICK, epochs=20, lr=1e-2, use_text=False), aligner=aligner, **data)
    assert history.loss.iloc[-1] < history.loss.iloc[0] / 2
    assert history.accuracy.max() > 0.25, "there are 20 cities: guessing has 0.05"
    with pytest.raises(ValueError, match="0 numbers, the heads are for 12"):
        run(replace(QUICK, use_text=False), **data)


# --- resuming


def test_an_interrupted_run_ends_with_the_same_numbers(monkeypatch, tmp_path):
    expected = run()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        Steps(patch, stop_before=2 * STEPS + 3)
        run(folder=tmp_path)
    steps = Steps(monkeypatch)
    assert_identical(run(folder=tmp_path), expected)
    assert steps.taken == 2 * STEPS, "two epochs were done"
    assert_identical(run(folder=tmp_path), expected)
    assert steps.taken == 2 * STEPS, "a finished run is only read"
    assert [path.suffix for path in tmp_path.iterdir()] == [".pt"]


def test_the_best_epoch_of_before_the_interruption_is_kept(monkeypatch, tmp_path):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        before = Judge(patch, [1.0, 2.0])
        Steps(patch, stop_before=2 * STEPS + 1)
        run(folder=tmp_path)
    Judge(monkeypatch, [2.0, 2.0])
    history, weights = run(folder=tmp_path)
    assert history.validation_loss.tolist() == [1.0, 2.0, 2.0, 2.0]
    for name, tensor in before.weights[0].items():
        assert torch.equal(weights[name], tensor), name


SCRIPT = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import torch
import test_training as t
from g3lite import training
"""

KILLED = f"""{SCRIPT}
real, taken = training._loss, 0

def loss(*arguments):
    global taken
    taken += 1
    if taken == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments)

training._loss = loss
t.run(folder=sys.argv[1])
"""


def environment(threads: int) -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[2])
    return {
        **os.environ, "OMP_NUM_THREADS": str(threads), "CUDA_VISIBLE_DEVICES": "",
        "ACCELERATE_USE_CPU": "true", "PYTHONPATH": root,
    }  # fmt: skip


@pytest.mark.slow
def test_a_killed_run_ends_with_the_same_numbers(monkeypatch, tmp_path):
    script, folder = tmp_path / "killed.py", tmp_path / "state"
    script.write_text(KILLED)
    done = subprocess.run(  # killed in the third epoch, with two of them written
        [sys.executable, str(script), str(folder), str(2 * STEPS + 3)],
        env=environment(torch.get_num_threads()), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [path.suffix for path in folder.iterdir()] == [".pt"]
    steps = Steps(monkeypatch)
    resumed = run(folder=folder)
    assert steps.taken == 2 * STEPS, "two epochs were left"
    assert_identical(resumed, run())


def test_a_state_that_is_half_written_is_not_used(monkeypatch, tmp_path):
    real, written = torch.save, []

    def save(state, file):
        written.append(Path(file.name))
        if len(written) == 3:
            file.write(b"half a state")
            raise KeyboardInterrupt
        real(state, file)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(torch, "save", save)
        run(folder=tmp_path)
    assert len(written) == 3 and not written[-1].exists()
    steps = Steps(monkeypatch)
    resumed = run(folder=tmp_path)
    assert steps.taken == 2 * STEPS, "two epochs were whole"
    assert_identical(resumed, run())
    assert [path.suffix for path in tmp_path.iterdir()] == [".pt"]


@pytest.mark.parametrize("setting", [{"lr": 1e-3}, {"seed": 1}, {"mask_km": 25.0}])
def test_the_state_of_another_schedule_is_not_used(tmp_path, setting):
    run(folder=tmp_path)
    other = replace(QUICK, **setting)
    assert_identical(run(other, folder=tmp_path), run(other))
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("part", ["train", "validation"])
def test_the_state_of_other_data_is_not_used(tmp_path, part):
    run(folder=tmp_path)
    start = {"train": pairs(), "validation": pairs(60, 1)}[part]
    where, texts, image = start.coordinates.copy(), start.texts.copy(), start.image.copy()
    where[3, 1] += 1e-6
    texts[0, 0] += 1e-3
    image[-1, -1] += 1e-3
    changes = [{"coordinates": where}, {"texts": texts}, {"image": image}]
    changes.append({"text_of": start.text_of[::-1].copy()})
    for number, change in enumerate(changes):
        data = {part: replace(start, **change)}
        assert_identical(run(folder=tmp_path, **data), run(**data))
        assert len(list(tmp_path.iterdir())) == number + 2


def test_the_state_of_other_first_weights_is_not_used(tmp_path):
    run(folder=tmp_path)
    assert_identical(run(folder=tmp_path, aligner=model(5)), run(aligner=model(5)))
    assert len(list(tmp_path.iterdir())) == 2


def test_more_epochs_go_on_from_where_it_was(monkeypatch, tmp_path):
    run(replace(QUICK, epochs=2), folder=tmp_path)
    steps = Steps(monkeypatch)
    assert_identical(run(folder=tmp_path), run())
    assert steps.taken == 2 * STEPS + 4 * STEPS
    assert len(list(tmp_path.iterdir())) == 1


def test_more_patience_goes_on_from_where_it_was(monkeypatch, tmp_path):
    Judge(monkeypatch, [1.0, 2.0, 2.0, 2.0])
    assert len(run(replace(QUICK, patience=1), folder=tmp_path)[0]) == 2
    steps = Steps(monkeypatch)
    assert len(run(folder=tmp_path)[0]) == 4 and steps.taken == 2 * STEPS


# --- what is refused


def test_a_loss_that_is_not_finite_is_an_error(tmp_path):
    data = pairs()
    data.image[17, 3] = np.nan
    with pytest.raises(FloatingPointError, match="the loss of epoch 1 is nan; lower the lr"):
        run(train=data, folder=tmp_path)
    assert not list(tmp_path.iterdir()), "what is spoilt is not kept"


def test_too_few_photos_are_refused():
    with pytest.raises(ValueError, match="1 photos to train on, 60 to validate: too few"):
        run(train=pairs(1))
    with pytest.raises(ValueError, match="200 photos to train on, 0 to validate: too few"):
        run(validation=pairs(0))


def test_a_batch_that_cannot_be_shared_is_refused(monkeypatch):
    monkeypatch.setattr(Accelerator, "num_processes", property(lambda self: 3))
    with pytest.raises(ValueError, match="batch_size 40 cannot be shared by 3 processes alike"):
        run()


# --- pairs


class Stub:
    """A backbone whose features say what was encoded."""

    def __init__(self, damaged: set[str]) -> None:
        self.damaged, self.read = damaged, []

    def image_features(self, photos, on_error, normalize):
        assert on_error == "skip" and normalize is False
        ids = [img_id for img_id in photos.ids if img_id not in self.damaged]
        warnings.warn(f"skipped {len(self.damaged)} photos", stacklevel=2)
        vectors = np.array([[float(img_id[1:]), 1, 2] for img_id in ids], dtype=np.float32)
        return Features(ids, vectors, dict.fromkeys(self.damaged, "damaged"))

    has_text = True

    def text_features(self, texts, normalize):
        assert normalize is False
        self.read += texts
        return np.array([self.of(text) for text in texts], dtype=np.float32)

    @staticmethod
    def of(text: str) -> list[float]:
        return [len(text), sum(map(ord, text))]


@pytest.mark.parametrize("wording", ["paper", "official"])
def test_pairs_of_a_photo_set(wording):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "IMG_ID": [f"p{i}" for i in range(30)], "AUTHOR": "a",
            "LAT": rng.uniform(-80, 80, 30), "LON": rng.uniform(-180, 180, 30),
            "city": np.resize(["Lyon", "Nairobi", "Quito", "Lyon", "Oslo"], 30),
            "country": np.resize(["France", "Kenya", "Ecuador", "France", "Norway"], 30),
        }
    )  # fmt: skip
    backbone = Stub({"p4", "p11"})
    with pytest.warns(UserWarning, match="skipped 2 photos"):
        found = AlignmentDataset.from_photos(
            PhotoSet("tiny", table, lambda img_id: b""), backbone, wording
        )
    kept = table.drop(index=[4, 11])
    assert len(found) == 28
    np.testing.assert_array_equal(found.image[:, 0], [int(name[1:]) for name in kept.IMG_ID])
    np.testing.assert_array_equal(found.coordinates, kept[["LAT", "LON"]])
    assert found.coordinates.dtype == np.float64 and found.text_of.dtype == np.int64
    expected = [Stub.of(text) for text in place_texts(kept, wording)]
    np.testing.assert_array_equal(found.texts[found.text_of], expected)
    assert len(found.texts) == 4 == len(set(backbone.read)), "every text is encoded once"
    assert all(isinstance(text, str) for text in backbone.read)

    image, text, where = found.batch(np.array([5, 0]), torch.device("cpu"))
    np.testing.assert_array_equal(image.numpy(), found.image[[5, 0]])
    np.testing.assert_array_equal(text.numpy(), np.float32(expected)[[5, 0]])
    np.testing.assert_array_equal(where.numpy(), found.coordinates[[5, 0]])
    assert where.dtype == torch.float64


# --- several processes

VARIANTS = {
    "plain": QUICK,
    "masked": replace(QUICK, epochs=2, mask_same_text=True, mask_km=100.0),
    # A text head without a gradient must not decay either.
    "gps": replace(QUICK, epochs=2, use_text=False, weight_decay=0.1),
}

SHARED = f"""{SCRIPT}
out = t.Path(sys.argv[1])
rank = int(os.environ["RANK"])
results = {{}}

def run(name, schedule, folder):
    # Other first weights on every process: those of the first one count.
    results[name] = t.run(schedule, folder=folder, aligner=t.model(100 * rank))

run("plain", t.QUICK, out / f"own{{rank}}")
run("masked", t.VARIANTS["masked"], None)
run("begun", t.replace(t.QUICK, epochs=2), out / "common")
run("resumed", t.QUICK, out / "common")
try:
    t.run(t.replace(t.QUICK, batch_size=41))
except ValueError as error:
    results["refused"] = str(error)
try:
    run("gps", t.VARIANTS["gps"], None)
except RuntimeError as error:
    results["gps"] = str(error)
t.pd.to_pickle(results, out / f"rank{{rank}}.pkl")
"""


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory):
    """What two processes found, and the folder they wrote to."""
    out = tmp_path_factory.mktemp("two")
    (out / "shared.py").write_text(SHARED)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run(
        [sys.executable, *launch, str(out / "shared.py"), str(out)],
        env=environment(1), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [pd.read_pickle(out / f"rank{rank}.pkl") for rank in (0, 1)], out


@pytest.mark.slow
@pytest.mark.parametrize("name", list(VARIANTS))
def test_two_processes_are_one_with_the_joined_batch(two_processes, name):
    history, weights = run(VARIANTS[name])
    for results in two_processes[0]:
        assert not isinstance(results[name], str), results[name]
        found, tensors = results[name]
        for column in ("loss", "validation_loss"):
            np.testing.assert_allclose(found[column], history[column], rtol=1e-4)
        np.testing.assert_allclose(found.accuracy, history.accuracy, atol=0.02)
        for key, tensor in weights.items():
            torch.testing.assert_close(tensors[key], tensor, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_both_processes_end_with_the_same_weights(two_processes):
    first, second = two_processes[0]
    assert_identical(first["plain"], second["plain"])
    assert_identical(first["resumed"], second["resumed"])


@pytest.mark.slow
def test_two_processes_resume_to_the_same_numbers(two_processes):
    for results in two_processes[0]:
        assert len(results["begun"][0]) == 2
        assert_identical(results["resumed"], results["plain"])


@pytest.mark.slow
def test_only_the_first_process_writes(two_processes):
    _, out = two_processes
    assert len(list((out / "own0").iterdir())) == 1
    assert not (out / "own1").exists()
    assert [path.suffix for path in (out / "common").iterdir()] == [".pt"]


@pytest.mark.slow
def test_two_processes_refuse_an_odd_batch(two_processes):
    for results in two_processes[0]:
        assert "batch_size 41 cannot be shared by 2 processes alike" in results["refused"]


# --- GPU


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_half_precision_on_a_gpu_learns_alike(tmp_path):
    schedule, aligner = replace(QUICK, epochs=8), model()
    history, weights = run(schedule, folder=tmp_path, aligner=aligner)
    assert aligner.device.type == "cuda" and len(history) == 8
    assert history.loss.iloc[-1] < 0.7 * history.loss.iloc[0]
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())
    again = model()
    pd.testing.assert_frame_equal(run(schedule, folder=tmp_path, aligner=again)[0], history)


def test_features_on_disk_are_read_by_the_batch(tmp_path):
    """A data set of 40 MB: neither batches nor the name of the run take it into memory."""
    mapped = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float16, (100_000, 200))
    mapped[::1000] = 1.5
    mapped.flush()
    image = np.load(tmp_path / "x.npy", mmap_mode="r")
    places = np.zeros((len(image), 2))
    data = AlignmentDataset.without_texts(image, places)
    model = GeoAlignment(GeoAlignmentConfig(200, 0, 8, 8, 8, 4))
    tracemalloc.start()
    got = [data.batch(np.arange(k, len(image), 1000), "cpu")[0] for k in range(3)]
    training._key(model, data, data, training.Schedule(use_text=False))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(data.image, np.memmap) and peak < 4_000_000
    assert (got[0] == 1.5).all() and (got[1] == 0).all() and got[0].dtype == torch.float32
