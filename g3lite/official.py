"""What G3's authors published, read into this package's own models and tables.

Their files are `g3.pth` (weights), `I_g3_*.npy` (neighbours), the CSV tables of replies and those
of predictions, all as their code writes them
(https://github.com/Applied-Machine-Learning-Lab/G3). Nothing in a file is run: weights are read
without what a pickle may hold, arrays without objects, lists in a cell as literals.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pandas as pd
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from torch import Tensor

from g3lite import G3Error, replies
from g3lite.alignment import GeoAlignment
from g3lite.backbone import Backbone
from g3lite.datasets import hub
from g3lite.datasets.remote import G3_CHECKPOINT
from g3lite.photos import NotThere
from g3lite.weights import check_state, read_state

WEIGHTS = "g3.pth"
"""1.77 GB (published)."""
CLIP = "ViT-L-14-quickgelu"
"""open_clip's name of the CLIP in it: OpenAI's weights were trained with QuickGELU, and the plain
ViT-L-14 would give wrong features without an error."""
REPLIES = {
    0: ("llm_predict_results_zs.csv", "response"),
    **{k: (f"{k}_llm_predict_results_rag.csv", "rag_response") for k in (5, 10, 15)},
}
"""By number of references: the table of replies, and its column that holds them."""


# ------------------------------------------------------------------------------------- weights


def file(max_gb: float = 1.0) -> Path:
    """g3.pth from the hub, fetched at first use. More than `max_gb` (10^9 bytes) is asked about.

    Raises:
        DownloadError: it cannot be had; the message says what to do.
    """
    return hub.file(G3_CHECKPOINT, WEIGHTS, max_gb=max_gb)


def load(
    source: str | Path | Mapping[str, Tensor], device: str = "auto", precision: str = "auto"
) -> tuple[Backbone, GeoAlignment]:
    """CLIP and the trained heads of g3.pth.

    Args:
        source: the file, or a state dict that is already loaded.
        device: as for `Backbone.load`.
        precision: of CLIP, likewise.

    Raises:
        ValueError: a tensor is missing or has another shape; the message names it.
    """
    state = read_state(source)
    heads = GeoAlignment()
    heads.load_official(state)
    clip = clip_state(state)
    model = open_clip.CLIP(**open_clip.get_model_config(CLIP))
    clip["logit_scale"] = torch.tensor(100.0).log()  # CLIP's own, which G3 has no use for
    model.load_state_dict(clip)
    del clip
    preprocessing = PreprocessCfg(size=model.visual.image_size)  # else the defaults are OpenAI's
    open_clip.set_model_preprocess_cfg(model, asdict(preprocessing))
    preprocess = image_transform_v2(preprocessing, is_train=False)
    backbone = Backbone.from_model(
        model, preprocess, name=f"{CLIP}:{WEIGHTS}", source=CLIP, device=device, precision=precision
    )
    return backbone, heads.to(backbone.device).eval()


def clip_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The CLIP ViT-L/14 in an official state dict (transformers' names) by open_clip's names.

    Raises:
        ValueError: a tensor of `vision_model`, `text_model` or their projections is missing or has
            another shape; the message names it.
    """
    names, projections = _clip_names(), ("visual.proj", "text_projection")
    with torch.device("meta"):  # for the shapes alone
        shapes = open_clip.CLIP(**open_clip.get_model_config(CLIP)).state_dict()
    wanted = {}
    for ours, parts in names.items():
        whole = shapes[ours].T if ours in projections else shapes[ours]
        wanted |= dict(zip(parts, whole.chunk(len(parts)) if parts[1:] else [whole], strict=True))
    found = {name: state[name] for name in wanted if name in state}
    check_state(wanted, found, "the CLIP in the official state")
    clip = {
        ours: torch.cat([found[one] for one in parts]) if parts[1:] else found[parts[0]]
        for ours, parts in names.items()
    }
    return clip | {ours: clip[ours].T for ours in projections}


def _clip_names() -> dict[str, list[str]]:
    """open_clip's parameter names -> the official tensors that make them up, one after another."""
    names = {
        "visual.class_embedding": "vision_model.embeddings.class_embedding",
        "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
        "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
        "visual.proj": "vision_projection.weight",
        "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
        "positional_embedding": "text_model.embeddings.position_embedding.weight",
        "text_projection": "text_projection.weight",
    }
    layers = {
        "visual.ln_pre": "vision_model.pre_layrnorm",  # transformers spells it so
        "visual.ln_post": "vision_model.post_layernorm",
        "ln_final": "text_model.final_layer_norm",
    }
    whole = {
        "attn.out_proj": "self_attn.out_proj",
        "ln_1": "layer_norm1",
        "ln_2": "layer_norm2",
        "mlp.c_fc": "mlp.fc1",
        "mlp.c_proj": "mlp.fc2",
    }
    stacked = {}
    towers = (("vision_model", "visual.transformer", 24), ("text_model", "transformer", 12))
    for tower, blocks, depth in towers:
        for i in range(depth):
            ours, theirs = f"{blocks}.resblocks.{i}", f"{tower}.encoder.layers.{i}"
            layers |= {f"{ours}.{a}": f"{theirs}.{b}" for a, b in whole.items()}
            for kind in ("weight", "bias"):
                parts = [f"{theirs}.self_attn.{part}_proj.{kind}" for part in "qkv"]
                stacked[f"{ours}.attn.in_proj_{kind}"] = parts
    for ours, theirs in layers.items():
        names |= {f"{ours}.{kind}": f"{theirs}.{kind}" for kind in ("weight", "bias")}
    return {ours: [theirs] for ours, theirs in names.items()} | stacked


# ---------------------------------------------------------------------------------- neighbours


def gallery_places(table_csv: str | Path) -> np.ndarray:
    """Where the photos of MP16_Pro_filtered.csv were taken, float64 (g, 2), in the file's order.

    Every row stays, a strange one as NaN: the official neighbours are row numbers of this file and
    nothing else. (`tables.read` may leave rows out.)
    """
    table = _table(Path(table_csv), ["LAT", "LON"], only=True)
    places = table[["LAT", "LON"]].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    places[(np.abs(places) > (90, 180)).any(axis=1)] = np.nan
    return places


def neighbours(path: str | Path, queries: int, places: np.ndarray) -> np.ndarray:
    """Where the neighbours of each query were taken, from `I_g3_*.npy` or its `_reverse` twin.

    Args:
        path: int (q, k), row numbers of the gallery's table, the most similar first.
        queries: q, how many rows the benchmark's table has.
        places: of the gallery, (g, 2), see `gallery_places`.

    Returns:
        float64 (q, k, 2), as `ask.ask` takes references and `verification.candidates` takes
        retrieved coordinates.

    Raises:
        G3Error: the file holds something else, or belongs to other tables.
    """
    try:
        rows = np.load(_there(path), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise G3Error(f"{path} holds no plain array of row numbers ({error})") from error
    if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.dtype.kind not in "iu":
        kind = f"{rows.dtype} {rows.shape}" if isinstance(rows, np.ndarray) else "several arrays"
        raise G3Error(f"{path} holds {kind}, not whole numbers (queries, k)")
    if len(rows) != queries:
        raise G3Error(
            f"{path} has neighbours of {len(rows):,} photos, the table has {queries:,}: they are "
            "matched by their position only, so use the whole table, in its own order"
        )
    if rows.size and not 0 <= rows.min() <= rows.max() < len(places):
        raise G3Error(
            f"{path} names the rows {rows.min():,} to {rows.max():,}, the gallery has "
            f"{len(places):,}: it belongs to another table"
        )
    found = places[rows]
    if np.isnan(found).any():
        row = rows[np.isnan(found).any(axis=2)][0]
        raise G3Error(f"{path} names row {row:,}, which has no position in the gallery's table")
    return found


# ------------------------------------------------------------------------ replies, predictions


def read_replies(folder: str | Path, suffix: str = "") -> pd.DataFrame:
    """The replies of a folder such as data/im2gps3k, read by our parser: the four `REPLIES` files.

    Args:
        folder: where they are.
        suffix: of their names before ".csv": "_llava" for those of the official LLaVA run.

    Returns:
        The table of `ask.ask`: a row per reply, with IMG_ID, references, sample, text, LAT, LON,
        reason and used (it can be read). (0, 0) is how the official code writes a request that
        failed, and no candidate here.

    Raises:
        NotThere: one of the files is not there.
        G3Error: it lacks a column, or a cell holds no list of replies.
    """
    rows = []
    for references, (name, column) in REPLIES.items():
        path = Path(folder) / name.replace(".csv", f"{suffix}.csv")
        table = _table(path, ["IMG_ID", column])
        for row, (img_id, cell) in enumerate(zip(table["IMG_ID"], table[column], strict=True)):
            texts = _listed(cell, f"{path}, row {row}")
            rows += [(img_id, references, sample, text) for sample, text in enumerate(texts)]
    return _parsed(rows)


def read_references(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """The references in a table such as 10_llm_predict_results_rag.csv.

    Returns:
        Similar and dissimilar ones, float64 (q, k, 2) each, in the order of the table's photos, as
        `ask.ask` takes them and `verification.candidates` takes retrieved coordinates.

    Raises:
        NotThere: there is no such file.
        G3Error: it has no such columns, or a cell holds no pair of numbers.
    """
    path, lists = Path(path), []
    table = _table(path, ["IMG_ID", "candidate_0_gps", "reverse_0_gps"])
    for kind in ("candidate", "reverse"):
        columns = [name for name in table if re.fullmatch(rf"{kind}_\d+_gps", name)]
        columns.sort(key=lambda name: int(name.split("_")[1]))
        numbers = table[columns].stack().str.extract(r"^\[([^\[\],]+),([^\[\],]+)\]$")
        numbers = numbers.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
        if len(numbers) != len(table) * len(columns) or not np.isfinite(numbers).all():
            raise G3Error(f"{path}: a cell of {kind}_..._gps is no pair such as [48.2, 16.4]")
        lists.append(numbers.reshape(len(table), len(columns), 2))
    return lists[0], lists[1]


def read_predictions(path: str | Path) -> pd.DataFrame:
    """The candidates of a table such as im2gps3k_prediction.csv, in the form of `read_replies`.

    The text of a reply is lost there, so text is the pair of numbers.

    Raises:
        NotThere: there is no such file.
        G3Error: it has no columns of that form.
    """
    table = _table(Path(path), ["IMG_ID"])
    columns = [re.fullmatch(r"(?:zs|(\d+)_rag)_(\d+)_latitude", name) for name in table]
    rows = []
    for match in filter(None, columns):
        longitude = match[0].replace("latitude", "longitude")
        if longitude not in table:
            raise G3Error(f"{path} lacks the column {longitude}")
        texts = "(" + table[match[0]] + ", " + table[longitude] + ")"
        keys = int(match[1] or 0), int(match[2])
        rows += [
            (img_id, *keys, None if pd.isna(text) else text)
            for img_id, text in zip(table["IMG_ID"], texts, strict=True)
        ]
    if not rows:
        raise G3Error(f"{path} has no columns such as zs_0_latitude or 5_rag_0_latitude")
    return _parsed(rows)


def _parsed(rows: list[tuple[str, int, int, str | None]]) -> pd.DataFrame:
    """The table of replies; those about one photo stand together, in the order of the photos."""
    table = pd.DataFrame(rows, columns=["IMG_ID", "references", "sample", "text"])
    order = pd.factorize(table["IMG_ID"])[0]
    table = table.assign(order=order).sort_values(["order", "references", "sample"], kind="stable")
    table = table.drop(columns="order").reset_index(drop=True)
    texts = table["text"].astype(object).where(table["text"].notna(), None)
    places, reasons = replies.parse_all(texts)
    failed = (places == 0).all(axis=1)
    places[failed] = np.nan
    reasons = np.where(failed, "(0, 0), which stands for a failure", np.array(reasons, object))
    table = table.assign(
        LAT=places[:, 0], LON=places[:, 1], reason=reasons, used=~np.isnan(places[:, 0])
    )
    return table.astype({"IMG_ID": "string", "text": "string", "reason": "string"})


def _listed(cell: Any, where: str) -> list[str | None]:
    """The replies in a cell, written there as a Python list; None where a request failed."""
    if pd.isna(cell) or cell == "None":
        return [None]
    try:
        found = ast.literal_eval(cell)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise G3Error(f"{where}: {cell[:40]!r} is no list of replies ({error})") from error
    if not isinstance(found, list) or not all(isinstance(one, str | None) for one in found):
        raise G3Error(f"{where}: {cell[:40]!r} is no list of texts")
    return found or [None]


def _table(path: Path, columns: list[str], only: bool = False) -> pd.DataFrame:
    """A CSV table as text, with these columns at least (`only`: with no others)."""
    options = {"dtype": "string", "keep_default_na": False, "na_values": [""]}
    try:
        absent = [c for c in columns if c not in pd.read_csv(_there(path), nrows=0)]
        if absent:
            raise G3Error(f"{path} lacks the column {', '.join(absent)}")
        return pd.read_csv(path, usecols=columns if only else None, **options)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise G3Error(f"{path} cannot be read as a table: {error}") from error


def _there(path: str | Path) -> Path:
    if not Path(path).is_file():
        raise NotThere(f"there is no file {path}")
    return Path(path)
