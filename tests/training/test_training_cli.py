"""`fitplan train` as a user and a script meet it: answers, documents, exit codes, errors."""

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from fitplan.cli import main
from fitplan.training.reading import shipped


@dataclass(frozen=True)
class Ran:
    """What one run printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout as JSON."""
        return json.loads(self.out)


Run = Callable[..., Ran]
CARD = ("--vram", "12", "--ram", "16")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `fitplan train` in this process, 80 columns wide."""
    monkeypatch.setenv("COLUMNS", "80")

    def go(*arguments: str) -> Ran:
        code = main(["train", *arguments])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return go


GOLDEN = """\
LoRA runs in 12.00 GiB of VRAM (400 MiB kept free) and 16.00 GiB of RAM

Z-Image Base
                          VRAM  off by  Free   RAM  Step
Size       Plan            MiB     MiB   MiB   GiB     s                  Hours
───────────────────────────────────────────────────────────────────────────────
1024x1024  bf16 swap 10  11603    ±250   685  14.3  14.0  measured          5.8
1024x1024  fp8            9837    ±700  2451   2.5  12.8  ±25% estimated    5.3

                 1024x1024  1024x1024
VRAM, MiB          bf16+10        fp8
─────────────────────────────────────
CUDA context           318        318
weights in VRAM       8543       6497
LoRA                   200        200
optimizer               68         68
checkpoints           1052       1052
block at work         1423       1423
fp8 copies               -        279

in RAM instead        3555          -
measured: 1024x1024, bf16, 10 blocks swapped: 11578 MiB (+25), 14 s per step
"""


def test_the_page_s_run_is_answered(run: Run) -> None:
    """12 GB, 16 GB, Z-Image at 1024: swap 10 in bf16, fp8 beside it, the measured row named."""
    ran = run("Z-Image Base", *CARD, "--resolution", "1024", "--steps", "1500")
    assert ran.code == 0
    assert ran.out.startswith(GOLDEN)
    assert "hours: for 1500 steps" in ran.out


def test_without_a_model_all_trainable_ones_are_listed(run: Run) -> None:
    """A row per trainable model, three sizes, reasons for what doesn't fit or can't be trained."""
    ran = run(*CARD)
    assert ran.code == 0
    for text in (
        "512x512           768x768           1024x1024",
        "FLUX.2 Klein 4B Base  bf16 8.4          bf16 9.0          bf16 9.9",
        "Z-Image Base          bf16 swap 5 11.4  bf16 swap 7 11.4  bf16 swap 10 11.3",
        "FLUX.2 Dev            nothing fits",
        "! FLUX.2 Dev: needs 34.18 GiB of RAM to fit this VRAM",
        "musubi-tuner trains FLUX.1 only as Kontext",
    ):
        assert text in ran.out
    assert max(len(line) for line in ran.out.splitlines()) <= 80


def test_the_json_document_keeps_its_contract(run: Run) -> None:
    """Schema, keys, integer bytes, a breakdown that adds up to the VRAM, free bytes."""
    ran = run("Klein 4B Base", "Z-Image Base", *CARD, "--json")
    document = ran.json
    assert ran.code == 0
    assert document["schema"] == "fitplan.train/1"
    assert document["budget"] == {
        "vram_bytes": 12884901888,
        "ram_bytes": 17179869184,
        "headroom_bytes": 419430400,
    }
    assert document["gpu"] == {"name": "RTX 3060 12GB", "source": "default"}
    assert len(document["plans"]) == 3 + 6
    for plan in document["plans"]:
        parts = plan["breakdown"]
        assert all(isinstance(size, int) for size in parts.values())
        swapped = parts["weights_swapped_bytes"]
        assert sum(parts.values()) - swapped == plan["vram_bytes"]
        assert plan["vram_free_bytes"] == 12884901888 - plan["vram_bytes"] >= 419430400
        assert {"ram_bytes", "vram_margin_bytes", "basis", "flags", "warnings"} <= set(plan)
        assert (swapped > 0) == (plan["blocks_to_swap"] > 0)
    (page,) = [p for p in document["plans"] if p["measured"] and "Z-Image" in p["model"]]
    assert page["blocks_to_swap"] == 10
    assert page["resolution"] == "1024x1024"
    assert page["measured"] == {"vram_bytes": 11578 * 2**20, "seconds_per_step": 14}
    assert (page["basis"], page["seconds_per_step"], page["hours"]) == ("measured", 14, 3.89)
    assert page["flags"] == ["--gradient_checkpointing", "--blocks_to_swap 10"]


def test_json_is_accepted_before_the_command_s_name(capsys: pytest.CaptureFixture[str]) -> None:
    """As for every command."""
    assert main(["--json", "train", "z-image-base", *CARD]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "fitplan.train/1"


def test_a_swap_without_effect_is_explained_and_not_proposed(run: Run) -> None:
    """Klein 4B, asked for 3: plans with 2, and says why."""
    ran = run("Klein 4B Base", *CARD, "--resolution", "1024", "--blocks-to-swap", "3", "--json")
    assert ran.code == 0
    for plan in ran.json["plans"]:
        assert plan["blocks_to_swap"] == 2
        (warning,) = [w for w in plan["warnings"] if w["kind"] == "swap-without-effect"]
        assert warning["text"].startswith("swapping 3 blocks is the same as 2 (1 of 5 double")


def test_the_impossible_exits_1_with_the_nearest(run: Run) -> None:
    """What is missing, and what fits instead: in the table and in the document."""
    asked = ("Klein 9B Base", *CARD, "--resolution", "1024", "--precision", "bf16")
    ran = run(*asked)
    assert ran.code == 1
    flat = " ".join(ran.out.split())
    assert flat.startswith("No LoRA run fits 12.00 GiB of VRAM")
    assert "nothing fits: needs 19.41 GiB of RAM to fit this VRAM" in flat
    assert "nearest that fits, with fp8: 1024x1024, fp8, 4 blocks swapped: 11.52 GiB" in flat
    document = run(*asked, "--json")
    assert document.code == 1
    assert document.json["plans"] == []
    (unfit,) = document.json["unfit"]
    assert [near["change"] for near in unfit["nearest"]] == ["fp8", "a smaller image"]
    assert unfit["nearest"][0]["blocks_to_swap"] == 4


def test_the_impossible_without_a_model_exits_1_with_the_nearest(run: Run) -> None:
    """One line per model: what it lacks, and the nearest that fits."""
    ran = run("--vram", "5", "--ram", "8", "--resolution", "2048")
    assert ran.code == 1
    flat = " ".join(ran.out.split())
    assert flat.startswith("No LoRA run fits 5.00 GiB of VRAM (400 MiB kept free) and 8.00 GiB")
    assert "! FLUX.2 Dev: needs 15.54 GiB of VRAM, headroom included, and 45.01 GiB of RAM" in flat
    assert "what fits: 1280x1280, fp8, 11 blocks swapped, checkpoints in RAM" in flat


def test_a_model_that_can_t_be_trained_says_why(run: Run) -> None:
    """Exit 1, no title about fitting, the reason in both formats."""
    ran = run("FLUX.1 Fill Dev", *CARD)
    assert ran.code == 1
    assert " ".join(ran.out.split()) == (
        "can't be trained: FLUX.1 Fill Dev: musubi-tuner trains FLUX.1 only as Kontext"
    )
    (refused,) = run("flux1-fill-dev", *CARD, "--json").json["untrainable"]
    assert refused == {
        "model": "FLUX.1 Fill Dev",
        "reason": "musubi-tuner trains FLUX.1 only as Kontext",
    }


def test_commands_are_a_script(run: Run) -> None:
    """Comments and commands only; each command is one shell line that parses to its arguments."""
    ran = run("Z-Image Base", *CARD, "--resolution", "768x1152", "--command", "--steps", "2000")
    assert ran.code == 0
    lines = ran.out.replace("\\\n", " ").splitlines()
    programs = [shlex.split(line)[:2] for line in lines if not line.startswith("#")]
    assert [program for program, _ in programs] == ["python", "python", "accelerate", "accelerate"]
    assert "#   resolution = [768, 1152]" in lines
    words = shlex.split(next(line for line in lines if line.startswith("accelerate")))
    assert words[words.index("--max_train_steps") + 1] == "2000"
    placeholders = {word for word in words if "path/to" in word}
    before = {words[words.index(word) - 1] for word in placeholders}
    assert before == {"--dit", "--dataset_config", "--output_dir"}


def test_a_card_without_data_still_gets_its_memory(run: Run) -> None:
    """Memory is planned; time is not guessed."""
    ran = run("Z-Image Base", *CARD, "--resolution", "512", "--gpu", "Arc B580", "--json")
    for plan in ran.json["plans"]:
        assert (plan["seconds_per_step"], plan["hours"], plan["basis"]) == (None, None, "no-data")
    text = run("Z-Image Base", *CARD, "--resolution", "512", "--gpu", "Arc B580").out
    assert "no data for this card: Arc B580" in text


def test_a_scaled_time_states_its_margin(run: Run) -> None:
    """±35 % on a card that nobody trained on."""
    ran = run("Z-Image Base", *CARD, "--resolution", "512", "--gpu", "rtx 4090")
    assert "±35% scaled" in ran.out


def test_headroom_may_be_nothing(run: Run) -> None:
    """0 is a size here."""
    ran = run("Klein 9B Base", *CARD, "--resolution", "1024", "--headroom", "0", "--json")
    assert ran.json["budget"]["headroom_bytes"] == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "how much VRAM is there?"),
        (("--vram", "much"), "invalid size 'much'"),
        (("--vram", "0"), "less than one byte"),
        ((*CARD, "--headroom", "400"), "leaves no VRAM"),
        ((*CARD, "--resolution", "big"), "'big' is no resolution"),
        ((*CARD, "--resolution", "1024x"), "is no resolution"),
        ((*CARD, "--resolution", "64"), "64x64 is outside of what the formula covers"),
        ((*CARD, "--resolution", "9999x1024"), "outside of what the formula covers"),
        ((*CARD, "--rank", "128"), "rank 128 is outside"),
        ((*CARD, "--rank", "-1"), "rank -1 is outside"),
        ((*CARD, "--batch", "0"), "a batch of 0 is outside"),
        ((*CARD, "--text-tokens", "-5"), "a prompt of -5 tokens is outside"),
        ((*CARD, "--steps", "0"), "steps"),
        ((*CARD, "--blocks-to-swap", "-1"), "blocks-to-swap"),
        ((*CARD, "--optimizer", "lion"), "optimizer"),
        ((*CARD, "--precision", "nf4"), "precision"),
        ((*CARD, "--gpu", "RTX 4060 Ti"), "more than one card"),
        ((*CARD, "--format", "csv"), "train has no format csv"),
        ((*CARD, "--command"), "--command is about one model"),
        (("Z-Imagine", *CARD), "no model is called 'Z-Imagine'"),
        (("HunyuanVideo", *CARD), "no model is called 'HunyuanVideo'"),
        (("\x1b[31m", *CARD), "no model is called"),
    ],
)
def test_nonsense_is_one_clear_error(run: Run, arguments: tuple[str, ...], complaint: str) -> None:
    """Exit 2, nothing on stdout, one line and its cure on stderr; the same in JSON mode."""
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert complaint.lower() in ran.err.lower()
    assert "\x1b" not in ran.err
    if "--format" not in arguments:
        assert run(*arguments, "--json").json["schema"] == "fitplan.error/1"


def test_every_trainable_model_answers_in_every_way(run: Run) -> None:
    """Table, document and commands of each model on a card that holds it."""
    ids = [id for id in shipped().pipelines if run(id, *CARD).code != 2]
    assert len(ids) >= 8
    for id in ids:
        asked = (id, "--vram", "80", "--resolution", "768", "--batch", "2", "--optimizer", "adamw")
        assert run(*asked).code == 0
        (plan, *_) = run(*asked, "--json").json["plans"]
        assert (plan["blocks_to_swap"], plan["vram_claim"] != "checked") == (0, True)
        assert "--network_module" in run(*asked, "--command").out
