"""`fitplan setup`: the limit to set on a machine."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from fitplan.render.documents.parts import RuntimeEntry


class SetupMachineEntry(TypedDict):
    """The machine, and who said so."""

    ram_bytes: int
    ram_source: str
    vram_bytes: int | None
    vram_source: str
    swap_bytes: int | None
    """Null: the machine isn't this one."""
    swap_kind: NotRequired[str | None]
    gpu: NotRequired[str | None]
    os: NotRequired[str | None]
    sources: NotRequired[dict[str, str]]


class SettingEntry(TypedDict):
    """The setting to write."""

    file: str
    key: str
    value: int | float | str
    """As the settings file takes it."""


class HeavyPairEntry(TypedDict):
    """A pair by its files."""

    denoiser: str
    encoder: str
    cache_bytes: int
    real_bytes: int


class HeavyEntry(TypedDict):
    """A best pair that holds more than the machine has, and one that fits both."""

    model_id: str
    best: HeavyPairEntry
    instead: HeavyPairEntry | None


class WrittenSettingEntry(TypedDict):
    """What was changed."""

    path: str
    key: str
    before: str | None
    after: str
    backup: str | None


class SetupDocument(TypedDict):
    """The limit to set on a machine, and why."""

    schema: Literal["fitplan.setup/1"]
    runtime: RuntimeEntry
    machine: SetupMachineEntry
    reserve_bytes: int
    default_limit_bytes: int | None
    """What the program takes by itself; null: VRAM isn't known."""
    limit_bytes: int
    setting: SettingEntry
    lines: list[str]
    """Of the settings file."""
    heavy: list[HeavyEntry]
    written: WrittenSettingEntry | None
