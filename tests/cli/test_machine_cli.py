"""`fitplan` for a machine: its options, the verdicts in JSON and in the table."""

import pytest

from cli import Run
from fitplan.machine.computer import Card, Machine
from fitplan.units import GIB

LAPTOP = ("--ram-total", "16", "--vram", "12")


def test_json_tells_the_machine_and_a_verdict_for_every_pair(run: Run) -> None:
    """The keys that scripts rely on, in bytes."""
    found = run(*LAPTOP, "--swap", "8", "--os", "linux", "--json").json
    machine = found["machine"]
    assert {key: machine[key] for key in machine if key != "sources"} == {
        "ram_bytes": 16 * GIB,
        "swap_bytes": 8 * GIB,
        "swap_kind": "disk",
        "vram_bytes": 12 * GIB,
        "gpu": None,
        "os": "linux",
    }
    assert set(machine["sources"].values()) == {"option"}
    assert found["budget"] == {"cache_bytes": 14 * GIB, "source": "machine"}
    for plan in found["plans"]:
        ram, card = plan["ram"], plan["card"]
        assert ram["working_bytes"] == ram["held_bytes"] - ram["untouched_bytes"]
        assert ram["peak_bytes"] >= ram["held_bytes"] == plan["real_bytes"]
        on_card = [phase["resident_bytes"] + phase["streamed_bytes"] for phase in card["phases"]]
        assert sum(on_card) in (0, plan["cache_bytes"])


@pytest.mark.parametrize("sort", [[], ["--sort", "quality"], ["--sort", "headroom"], ["--all"]])
@pytest.mark.parametrize("swap", ["0", "8"])
def test_what_the_machine_does_not_hold_is_never_first(
    run: Run, swap: str, sort: list[str]
) -> None:
    """Pairs that are killed come after all others, in every order of models."""
    plans = run(*LAPTOP, "--swap", swap, *sort, "--json").json["plans"]
    firsts = plans if "--sort" in sort else [plan for plan in plans if plan["rank"] == 1]
    runs = [plan["ram"]["verdict"] in ("fits", "swaps-once") for plan in firsts]
    assert runs[0]
    assert runs == sorted(runs, reverse=True)


def test_one_sentence_says_what_was_passed_over_and_what_it_takes(run: Run) -> None:
    """Z-Image's best pair is killed on 16 GiB without swap, and swaps once with 8 GiB."""
    out = " ".join(run(*LAPTOP).out.split())
    assert "Passed over: Z-Image Turbo Q8_0 + Q8_0 (killed: loading takes 19.12 GiB" in out
    assert "5.12 GiB of swap on disk would take the rest" in out
    with_swap = run(*LAPTOP, "--swap", "8").out
    assert "Passed over" not in with_swap
    assert "swaps once" in with_swap


def test_nothing_is_lost_between_shown_and_left_out(run: Run) -> None:
    """Every pair of the catalog is shown or counted once, as without a machine."""

    def total(*arguments: str) -> int:
        found = run(*arguments, "--json").json
        counts = [value for value in found["excluded"].values() if isinstance(value, int)]
        return len(found["plans"]) + sum(counts)

    assert total(*LAPTOP) == total(*LAPTOP, "--all") == total("--ram", "14")
    assert total(*LAPTOP, "--frontier") == total("--ram", "14", "--frontier")


def test_a_limit_alone_is_about_no_machine(run: Run) -> None:
    """With --ram and no machine option nothing is looked at, and no verdict is given."""
    found = run("--ram", "14", "--json").json
    assert "machine" not in found
    assert all("ram" not in plan and "card" not in plan for plan in found["plans"])


def test_ram_stays_the_limit_of_the_cache(run: Run) -> None:
    """With both, --ram limits the cache and --ram-total is judged against."""
    found = run("--ram", "10", *LAPTOP, "--json").json
    assert found["budget"] == {"cache_bytes": 10 * GIB, "source": "option"}
    assert found["machine"]["ram_bytes"] == 16 * GIB


def test_a_named_card_brings_its_memory(run: Run) -> None:
    """The RAM is unknown then, and so are its verdicts; --vram goes before the name's memory."""
    found = run("--ram", "14", "--gpu", "RTX 3060", "--json").json
    assert (found["machine"]["vram_bytes"], found["machine"]["ram_bytes"]) == (12 * GIB, None)
    assert {plan["ram"]["verdict"] for plan in found["plans"]} == {"unknown"}
    other = run("--ram", "14", "--gpu", "RTX 3060", "--vram", "8", "--json").json
    assert other["machine"]["vram_bytes"] == 8 * GIB


def test_no_card_is_said_in_words(run: Run) -> None:
    """--vram 0: every card verdict is unknown with that reason, and no column is shown."""
    found = run("--ram-total", "16", "--vram", "0", "--json").json
    assert found["machine"]["vram_bytes"] == 0
    assert {plan["card"]["reason"] for plan in found["plans"]} == {
        "the machine has no graphics card"
    }
    assert "Card" not in run("--ram-total", "16", "--vram", "0").out


def test_without_options_this_machine_is_described(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found is said, and judged by."""
    card = Card("Radeon \x1b[1mX", 16 * GIB, "amd")
    here = Machine(32 * GIB, 4 * GIB, "zram", "linux", (card,), 32 * GIB, {"ram": "test"})
    monkeypatch.setattr("fitplan.machine.detection.detect", lambda: here)
    out = " ".join(run().out.split())
    assert "32.00 GiB of RAM (the container's limit), 4.00 GiB of swap in zram, Radeon" in out
    assert "\x1b" not in out
    assert "with 16.00 GiB, linux." in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ram-total", "2"], "leave no room"),
        (["--ram-total", "x"], "invalid size"),
        (["--swap", "-1"], "invalid size"),
        (["--vram", "?"], "invalid size"),
        (["--os", "beos"], "beos"),
        (["--gpu", "no such card"], "no GPU is called"),
    ],
)
def test_junk_about_a_machine_is_a_usage_error(run: Run, arguments: list[str], said: str) -> None:
    """Exit code 2 and what is wrong."""
    found = run(*arguments)
    assert found.code == 2
    assert said in found.err
