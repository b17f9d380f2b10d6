"""How hard MiniEarth is, by its baselines alone, on validation with the gallery of 20,000.

    python benchmarks/difficulty.py

This is what the world was calibrated by (data/README.md): plain nearest neighbours on MiniCLIP's
raw features should do about what they do on IM2GPS3K, while a linear probe on the same features
still reads the country well. No part of G3 is used, and no test set is opened.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from g3lite import evaluation, miniearth
from g3lite.artefacts import data_dir
from g3lite.backbone import Backbone

TARGET = {
    "[L]kNN": ((4, 10), (14, 24), (21, 33), (32, 46), (48, 64)),
    "constant": ((0, 1), (0, 3), (0, 4), (0, 14), (0, 36)),
}


def main() -> None:
    """Print the shares beside their bands, and what the probe reads."""
    backbone = Backbone.load(str(data_dir() / "miniclip"))
    gallery, queries = miniearth.load("gallery"), miniearth.load("validation")
    g = backbone.image_features(gallery).vectors
    q = backbone.image_features(queries).vectors
    answers = {
        "constant": evaluation.constant(gallery.coordinates),
        "nearest neighbour": evaluation.nearest_neighbour(q, g, gallery.coordinates),
        "[L]kNN": evaluation.lknn(q, g, gallery.coordinates),
    }
    shares = {
        name: 100 * evaluation.score(answer, queries.coordinates)[:5].to_numpy(float)
        for name, answer in answers.items()
    }
    print("share of queries within 1 / 25 / 200 / 750 / 2500 km, %")
    for name, row in shares.items():
        inside = ""
        if name in TARGET:
            good = all(a <= v <= b for v, (a, b) in zip(row, TARGET[name], strict=True))
            inside = "in its band" if good else f"OUTSIDE {TARGET[name]}"
        print(f"{name:>20} " + " ".join(f"{v:6.1f}" for v in row), inside)

    country = gallery.table.country_code.to_numpy(str)
    places = miniearth.places()
    truth = np.array([places.country_code[int(i[:4])].lower() for i in queries.ids])
    nearest = country[evaluation.neighbours(q, g, 1)[1][:, 0]]
    scaler = StandardScaler().fit(g)
    probe = LogisticRegression(C=0.03, tol=1e-3, max_iter=400)
    probe = probe.fit(scaler.transform(g), country).predict(scaler.transform(q))
    a, b = (nearest == truth).mean(), (probe == truth).mean()
    print(f"country: nearest neighbour {a:.3f}, linear probe {b:.3f}, ratio {b / a:.2f} (>= 1.5)")


if __name__ == "__main__":
    main()
