"""The rows of the page that fitplan grew from, and the plans that answer them."""

import yaml

from catalogs import in_runtime, shipped
from fitplan.accounting.quantization import quant_name
from fitplan.planning.pairs import Plan
from fitplan.planning.planner import Show, plan
from fitplan.units import GIB
from places import DATA

ROWS = yaml.safe_load((DATA / "seed_tables.yaml").read_text(encoding="utf-8"))["cache_usage"][
    "rows"
]
MODELS = sorted({row["model"] for row in ROWS})


def plans(model: str, show: Show) -> tuple[Plan, ...]:
    """The answer for one model of the page at its 14 GiB."""
    ids = shipped().pipeline_ids(model)
    return plan(in_runtime("invokeai@6.12"), ids, 14 * GIB, show).plans


def is_row(found: Plan, row: dict[str, object]) -> bool:
    """Same quantizations, and sizes as on the page (its BF16 encoder counts a tokenizer)."""
    files = (found.denoiser.file, found.encoder.file)
    sizes = (row["denoiser_gb"], row["encoder_gb"])
    return [file.quant for file in files] == [
        quant_name(str(row[part])) for part in ("denoiser", "encoder")
    ] and all(
        abs(file.weights.file_bytes / 1e9 - float(str(size))) < 0.025
        for file, size in zip(files, sizes, strict=True)
    )
