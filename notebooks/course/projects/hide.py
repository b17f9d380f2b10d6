"""What must be hidden so that a photo cannot be placed? One search, changed pictures.

python notebooks/course/projects/hide.py
"""

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
import io

from PIL import Image, ImageFilter, ImageOps

from g3lite import evaluation, miniearth, profiles
from g3lite.backbone import Backbone
from g3lite.baselines.retrieval import nearest_neighbour
from g3lite.photos import PhotoSet

profile = profiles.get()
miniclip = Backbone.load("miniclip", device=profile.device)
gallery = miniearth.load("gallery", profile.gallery_size)
queries = miniearth.load("validation", 300)
known = miniclip.image_features(gallery).vectors
pictures = {img_id: queries.image(img_id).convert("RGB") for img_id in queries.ids}


def middle_covered(picture: Image.Image) -> Image.Image:
    """A grey square over the middle of a picture, half as wide and half as high."""
    width, height = picture.size
    picture.paste((128, 128, 128), (width // 4, height // 4, 3 * width // 4, 3 * height // 4))
    return picture


changes = {
    "as it is": lambda picture: picture,
    "grey": lambda picture: ImageOps.grayscale(picture).convert("RGB"),
    "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(3)),
    "middle covered": middle_covered,
}
answers = {}
for name, change in changes.items():

    def source(img_id: str, change=change) -> bytes:
        """The changed picture as a file."""
        file = io.BytesIO()
        change(pictures[img_id].copy()).save(file, "PNG")
        return file.getvalue()

    changed = PhotoSet(f"queries, {name}", queries.table, source)
    asked = miniclip.image_features(changed).vectors
    answers[name] = nearest_neighbour(asked, known, gallery.coordinates)

scores = evaluation.evaluate(answers, queries.table, replicates=profile.bootstrap)
print(evaluation.table(scores).iloc[:, 1:4].to_string())
