"""`fitplan pack` as a user and a script meet it."""

import json
import re
from typing import Any

import pytest

from fitplan.cli import main
from fitplan.units import GIB


@pytest.fixture(autouse=True)
def _columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def document(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    """The JSON that `fitplan pack` answers."""
    assert main(["pack", *arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_the_document_keeps_its_contract(capsys: pytest.CaptureFixture[str]) -> None:
    """Schema, keys, integer bytes, and sums in which shared files count once."""
    found = document(capsys, "--ram", "24")
    assert found["schema"] == "fitplan.pack/1"
    assert found["budget"]["cache_bytes"] == 24 * GIB
    assert found["proof"] == {"status": "optimal", "gap": 0.0}
    apart = sum(plan["cache_bytes"] for plan in found["plans"])
    saved = sum(shared["saved_bytes"] for shared in found["shared"])
    assert found["cache_bytes"] == apart - saved <= 24 * GIB
    assert isinstance(found["cache_bytes"], int)
    assert isinstance(found["real_bytes"], int)
    assert found["next_gib"]["gained"] >= 0
    assert found["unmet"] is None


def test_wishes_are_met(capsys: pytest.CaptureFixture[str]) -> None:
    """`--want` and `--keep` models are in, kept ones with the pair that was named."""
    wishes = ("--want", "FLUX.2 Klein 4B Base", "--keep", "FLUX.2 Klein 4B Q8_0 + Q8_0")
    found = document(capsys, "--ram", "14", *wishes)
    models = {plan["model_id"]: plan for plan in found["plans"]}
    assert {"flux2-klein-4b", "flux2-klein-4b-base"} <= set(models)
    kept = models["flux2-klein-4b"]
    assert (kept["denoiser"]["quant"], kept["encoder"]["quant"]) == ("Q8_0", "Q8_0")


def test_a_wish_that_fails_says_what_limit_would_do(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, the reason, and the bytes in question."""
    found = document(capsys, "--ram", "10", "--want", "FLUX.2 Dev", code=1)
    assert found["plans"] == []
    needed = found["unmet"]["needs"]["cache_bytes"]
    assert needed > 10 * GIB
    assert main(["pack", "--ram", f"{needed}B", "--want", "FLUX.2 Dev"]) == 0
    assert main(["pack", "--ram", f"{needed - 1}B", "--want", "FLUX.2 Dev"]) == 1


def test_a_model_that_the_runtime_cannot_load_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """InvokeAI 6.12 has no loader for FLUX.2 Dev's encoder."""
    wish = ("--ram", "99", "--want", "FLUX.2 Dev", "--runtime", "invokeai@6.12")
    found = document(capsys, *wish, code=1)
    assert found["unmet"]["reason"] == "the runtime loads no pair of FLUX.2 Dev"


JUNK = [
    (["--want", "nothing"], "no model is called 'nothing'"),
    (["--keep", "nothing"], "'nothing' is no pair"),
    (["--keep", "klein 9=Q8_0+Q8_0"], "more than one model"),
    (["--keep", "FLUX.2 Klein 4B=Q9+Q8_0"], "no file of FLUX.2 Klein 4B is called 'Q9'"),
    (["--keep", "FLUX.2 Klein 4B=Q8_0+Q8_0", "--keep", "FLUX.2 Klein 4B=BF16+Q8_0"], "both as"),
    (["--weight", "Z-Image"], "is no weight"),
    (["--weight", "Z-Image=-1"], "is no weight"),
    (["--weight", "Z-Image=nan"], "is no weight"),
    (["--weight", "Z-Image Turbo=1", "--weight", "Z-Image Turbo=2"], "has two weights"),
    (["--objective", "beauty"], "no objective"),
    (["--time-limit", "0"], "--time-limit"),
    (["--min-quality", "nan"], "--min-quality"),
    (["--ram-total", "1"], "leave no room"),
    (["--ram", "junk"], "invalid size"),
    (["--format", "csv"], "no format csv"),
]


@pytest.mark.parametrize(("arguments", "said"), JUNK)
def test_junk_is_a_usage_error(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and one line that names what is wrong."""
    assert main(["pack", "--ram", "14", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_the_table_shows_set_sharing_cache_and_proof(capsys: pytest.CaptureFixture[str]) -> None:
    """What is shared and saved, the bar, the proof and what a GiB more would buy."""
    assert main(["pack", "--ram", "14", "--min-quality", "40"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("2 models stay resident together in 14.00 GiB")
    assert re.search(r"qwen3-4b Q8_0 Qwen +5\.04 +2 +5\.04", out)
    assert "optimal, no set within the limit is better" in out
    assert "One GiB more (15.00 GiB) buys nothing." in out
    assert re.search(r"(?m)^█+▓+▒?░*$", out)
    assert "max_cache_ram_gb: 14" in out


def test_out_of_time_is_no_proof(capsys: pytest.CaptureFixture[str]) -> None:
    """A set found without time has a gap, a finite one."""
    found = document(capsys, "--ram", "32", "--time-limit", "0.000001")
    assert found["proof"]["status"] == "time-limit"
    assert 0 < found["proof"]["gap"] < 10
    assert found["next_gib"] is None
