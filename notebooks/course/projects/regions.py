"""For whom is it worse? G3's shipped predictions by continent, beside what the gallery knows.

python notebooks/course/projects/regions.py
"""

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
import numpy as np

from g3lite import evaluation, geo, miniearth, profiles
from g3lite.paper.tables import predictions

profile = profiles.get()
photos = miniearth.load("validation", profile.query_size)
known = miniearth.load("gallery").coordinates
near = evaluation.error_km(predictions("validation", len(photos))["G3"], photos.table) <= 200
around = np.array([(geo.great_circle_km(one, known) <= 200).sum() for one in photos.coordinates])
place = photos.table["IMG_ID"].str[:4].astype(int)  # an IMG_ID begins with the place's number
continent = miniearth.places()["continent"].loc[place].to_numpy(str)

print(f"{'continent':<14} photos  known within 200 km  G3 within 200 km, %")
for name in np.unique(continent):
    some = continent == name
    value, low, high = np.ravel(
        evaluation.mean_intervals(
            near[some, None], photos.table[some], replicates=profile.bootstrap
        )
    )
    print(
        f"{name:<14} {some.sum():6d}  {np.median(around[some]):19.0f}  "
        f"{100 * value:.1f} [{100 * low:.1f}, {100 * high:.1f}]"
    )
