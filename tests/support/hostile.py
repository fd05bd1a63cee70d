"""Names that mean something to terminals, CI logs, spreadsheets and Markdown; and an overlay."""

import json
from pathlib import Path

NAMES = [
    "::error file=a,line=1::owned",
    "  ::set-output name=x::y",
    "##[error]owned",
    "##vso[task.setvariable variable=x]y",
    "a ::stop-commands::token",
    '=HYPERLINK("https://example.org","x")',
    "  =1+1",
    "\t+1",
    "\n@SUM(1)",
    "\N{FULLWIDTH EQUALS SIGN}1+1",
    " \N{FULLWIDTH PLUS SIGN}1",
    "\N{FULLWIDTH HYPHEN-MINUS}1",
    "\N{FULLWIDTH COMMERCIAL AT}SUM(1)",
    "\N{MINUS SIGN}1",
    "[click](https://example.org)",
    "![x](https://example.org/x.png)",
    "<img src=x onerror=alert(1)>",
    "`code` | cell\n| next | row |",
    "https://example.org www.example.org",
    "&lt;b&gt; $x$ ~~y~~",
    "[red]\x1b[31mred[/]\x07\x9b2J",
    "\u202egnp.exe\u2066",
    "\udcff\ud800",
    "zero\u200bwidth",
    "x" * 500,
]


def overlay(path: Path, name: str) -> Path:
    """A catalog file with one more model, which is called `name`."""
    model = {
        "name": name,
        "denoiser": "z-image-turbo",
        "encoders": ["qwen3-4b"],
        "vae": "flux1-vae",
        "license": "none",
        "distilled": "no",
    }
    path.write_text(json.dumps({"version": 1, "pipelines": {"hostile": model}}), encoding="utf-8")
    return path
