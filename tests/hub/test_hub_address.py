"""Addresses on the hub: what people write and paste, and nothing else."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fitplan.errors import EXIT_USAGE, FitplanError
from fitplan.hub.address import Address, parse

REPO = "unsloth/FLUX.2-klein-9B-GGUF"
WEB = f"https://huggingface.co/{REPO}"
FILE = "flux-2-klein-9b-Q5_K_M.gguf"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"hf:{REPO}", Address(REPO)),
        (f"HF:{REPO}", Address(REPO)),
        (f"hf:{REPO}:{FILE}", Address(REPO, "main", FILE)),
        (f"hf:{REPO}@v1.0:{FILE}", Address(REPO, "v1.0", FILE)),
        (f"hf:{REPO}@refs/pr/3:*Q5*", Address(REPO, "refs/pr/3", "*Q5*")),
        (f"hf:{REPO}@refs%2Fpr%2F3", Address(REPO, "refs/pr/3")),
        (f"hf:{REPO}:sub/folder/", Address(REPO, "main", "sub/folder")),
        (f"hf:{REPO}/sub/{FILE}", Address(REPO, "main", f"sub/{FILE}")),
        (f"hf:{REPO}@v1.0/sub/{FILE}", Address(REPO, "v1.0", f"sub/{FILE}")),
        (f"hf:{REPO}@refs/pr/3", Address(REPO, "refs/pr/3")),
        (f"hf:{REPO}@feature/x:{FILE}", Address(REPO, "feature/x", FILE)),
        (f"hf://{REPO}", Address(REPO)),
        (f"hf://{REPO}/sub/{FILE}", Address(REPO, "main", f"sub/{FILE}")),
        (f"hf://{REPO}@v2/{FILE}", Address(REPO, "v2", FILE)),
        (f"hf://{REPO}@refs/pr/1/{FILE}", Address(REPO, "refs/pr/1", FILE)),
        (WEB, Address(REPO)),
        (f"{WEB}/", Address(REPO)),
        (f"{WEB}/tree/main", Address(REPO)),
        (f"{WEB}/tree/main/text_encoder", Address(REPO, "main", "text_encoder")),
        (f"{WEB}/blob/main/{FILE}", Address(REPO, "main", FILE)),
        (f"{WEB}/resolve/main/{FILE}?download=true", Address(REPO, "main", FILE)),
        (f"{WEB}/resolve/main/a%20b.gguf", Address(REPO, "main", "a b.gguf")),
        (f"{WEB}/blob/refs%2Fpr%2F7/{FILE}", Address(REPO, "refs/pr/7", FILE)),
        (f"{WEB}/discussions/4", Address(REPO)),
        (f"http://hf.co/{REPO}#readme", Address(REPO)),
    ],
)
def test_what_people_write(text: str, expected: Address) -> None:
    """Every form in use means its repository, revision and file."""
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("hf:", "hf:a", "hf:a/", "hf:/b", "hf:a//b", "hf:../../x", "hf:a/b:../x", "hf:a/..:x"),
        *(
            "hf:a/b@../x",
            "hf:a/b@x y",
            "hf:a b/c",
            "hf:a/b/c:d",
            "hf:datasets/a",
            "hf://",
            "hf:é/b",
        ),
        *("https://", "https://huggingface.co", "https://huggingface.co/datasets/a/b"),
        *("https://huggingface.co.evil.example/a/b", "https://evil.example/huggingface.co/a/b"),
        *("https://huggingface.co@evil.example/a/b", "http://[::1", "https://x:99999999/a/b"),
        *("hf:a/b\x1b[31m", "hf:a/b:x\n", f"hf:a/{'b' * 3000}", f"{WEB}/blob/main/../../x"),
    ],
)
def test_what_nobody_means(text: str) -> None:
    """Anything else is a usage error that says what to write, and is safe to show."""
    with pytest.raises(FitplanError) as caught:
        parse(text)
    assert caught.value.exit_code == EXIT_USAGE
    assert "hf:OWNER/REPO" in caught.value.hint
    assert caught.value.message.isprintable()


def test_a_mirrors_addresses_count_while_it_is_in_use() -> None:
    """An address on the endpoint's host is understood; without that endpoint it isn't."""
    pasted = f"https://mirror.example/{REPO}/blob/main/{FILE}"
    assert parse(pasted, "https://mirror.example") == Address(REPO, "main", FILE)
    with pytest.raises(FitplanError, match="not on the Hugging Face hub"):
        parse(pasted, "https://huggingface.co")


@given(st.text(max_size=60), st.sampled_from(["hf:", "hf://", "hf:a/b", "https://hf.co/", ""]))
@example("@", "hf:a/b")
@example("[", "https://")
def test_any_text_is_an_address_or_a_usage_error(text: str, start: str) -> None:
    """No text is a traceback; what is understood stays inside the repository and comes back."""
    try:
        address = parse(start + text)
    except FitplanError as error:
        refused = error.exit_code
    else:
        refused = 0
    if refused:
        assert refused == EXIT_USAGE
        return
    assert ".." not in address.pattern.split("/")
    assert address.repository.count("/") == 1
    assert parse(str(address)).repository == address.repository


@pytest.mark.parametrize(
    ("pattern", "path", "means"),
    [
        ("", "a/b.gguf", True),
        ("b.gguf", "b.gguf", True),
        ("b.gguf", "a/b.gguf", False),
        ("a", "a/b.gguf", True),
        ("a", "ab/b.gguf", False),
        ("*Q5*", "sub/x-Q5_K_M.gguf", True),
        ("sub/*", "sub/x.gguf", True),
        ("sub/*", "other/x.gguf", False),
        ("x-Q[45]*", "sub/x-Q6_K.gguf", False),
    ],
)
def test_which_files_a_pattern_means(pattern: str, path: str, means: bool) -> None:
    """A path means itself, a folder what is below it, a glob what its path or name matches."""
    assert Address("a/b", "main", pattern).matches(path) is means
