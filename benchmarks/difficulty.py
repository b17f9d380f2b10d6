"""How hard MiniEarth is, by its baselines alone, on validation with the gallery of 20,000.

    python benchmarks/difficulty.py

This is what the world was calibrated by (data/README.md): plain nearest neighbours on MiniCLIP's
raw features should do about what they do on IM2GPS3K, while a linear probe on the same features
still reads the country well. How far the two can be apart is shown by a reader that makes no
mistake, and by features in which all that is no geography counts more. No part of G3 is used, and
no test set is opened.
"""

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from g3lite import evaluation, index, miniearth
from g3lite.backbone import Backbone, unit_rows
from g3lite.baselines import retrieval
from g3lite.miniearth import captions
from g3lite.photos import PhotoSet

TARGET = {
    "[L]kNN": ((4, 10), (14, 24), (21, 33), (32, 46), (48, 64)),
    "constant": ((0, 1), (0, 3), (0, 4), (0, 14), (0, 36)),
}
DIRECTIONS = 15
"""Of the features, those that vary most with what is no geography."""


def shares(answer: np.ndarray, queries: PhotoSet) -> np.ndarray:
    """Per cent within 1, 25, 200, 750 and 2500 km."""
    return 100 * evaluation.score(answer, queries.coordinates)[:5].to_numpy(float)


def shown(photos: PhotoSet, phrases: dict[str, dict]) -> np.ndarray:
    """Which of the values of `phrases` each photo shows: float32 (n, values) of 0 and 1."""
    said = [(name, value) for name, of in phrases.items() for value in of]
    column = {key: k for k, key in enumerate(said)}
    found = np.zeros((len(photos), len(said)), dtype=np.float32)
    for row, img_id in enumerate(photos.ids):
        for key in captions.attributes(miniearth.scene_of(img_id)).items():
            if key in column:
                found[row, column[key]] = 1
    return found


def probe(known: np.ndarray, country: np.ndarray, asked: np.ndarray, c: float = 0.1) -> np.ndarray:
    """The countries that a logistic regression on standardised features reads."""
    scaler = StandardScaler().fit(known)
    model = LogisticRegression(C=c, tol=1e-3, max_iter=400)
    return model.fit(scaler.transform(known), country).predict(scaler.transform(asked))


def main() -> None:
    """Print the shares beside their bands, and what the probe reads."""
    backbone = Backbone.load("miniclip")
    gallery, queries = miniearth.load("gallery"), miniearth.load("validation")
    g = backbone.image_features(gallery).vectors
    q = backbone.image_features(queries).vectors
    answers = {
        "constant": retrieval.constant(gallery.coordinates),
        "nearest neighbour": retrieval.nearest_neighbour(q, g, gallery.coordinates),
        "[L]kNN": retrieval.lknn(q, g, gallery.coordinates),
    }
    print("share of queries within 1 / 25 / 200 / 750 / 2500 km, %")
    for name, answer in answers.items():
        row, inside = shares(answer, queries), ""
        if name in TARGET:
            good = all(a <= v <= b for v, (a, b) in zip(row, TARGET[name], strict=True))
            inside = "in its band" if good else f"OUTSIDE {TARGET[name]}"
        print(f"{name:>20} " + " ".join(f"{v:6.1f}" for v in row), inside)

    country = gallery.table.country_code.to_numpy(str)
    places = miniearth.places()
    truth = np.array([places.country_code[int(i[:4])].lower() for i in queries.ids])

    def right(answer: np.ndarray) -> float:
        return float((answer == truth).mean())

    def neighbour(known: np.ndarray, asked: np.ndarray) -> float:
        return right(country[index.neighbours(asked, known, 1)[1][:, 0]])

    a, b = neighbour(g, q), right(probe(g, country, q))
    print(f"country: nearest neighbour {a:.3f}, linear probe {b:.3f}, ratio {b / a:.2f} (>= 1.5)")

    cues = [shown(photos, captions.CUE_PHRASES) for photos in (gallery, queries)]
    best = right(probe(cues[0], country, cues[1]))
    print(f"a probe that knows every visible cue: {best:.3f}")
    nuisance = shown(gallery, captions.NUISANCE_PHRASES)
    varying = (g - g.mean(axis=0)).T @ (nuisance - nuisance.mean(axis=0))
    u = np.linalg.svd(varying, full_matrices=False)[0][:, :DIRECTIONS]
    print("with what is no geography counted more (the probe reads the same):")
    for factor in (1.3, 1.6, 2.0):
        stretched = [unit_rows(x + (factor - 1) * (x @ u) @ u.T) for x in (g, q)]
        a = neighbour(*stretched)
        row = shares(retrieval.lknn(stretched[1], stretched[0], gallery.coordinates), queries)
        print(
            f"{factor:>8} times: neighbour {a:.3f}, ratio {b / a:.2f}, [L]kNN "
            + " ".join(f"{v:.1f}" for v in row)
        )


if __name__ == "__main__":
    main()
