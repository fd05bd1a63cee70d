"""What a set of tensors was recognised as."""

from dataclasses import dataclass

from fitplan.accounting.weights import Kind, Role, Tensor, WeightGroup, group_tensors

Labelled = tuple[tuple[Role, Tensor], ...]


@dataclass(frozen=True, slots=True)
class KnownArchitecture:
    """What a set of tensors is: its family, its size, and the role of every tensor."""

    family: str
    """Family id (flux1, qwen3 …); "" when nothing known fits."""
    kind: Kind
    name: str
    """Readable name with the size where the tensors tell it."""
    hidden_size: int
    """Width of the model; 0 when unknown."""
    blocks: int
    """Transformer blocks counted from the tensors; 0 when the family has none."""
    tensors: Labelled
    """Every tensor with its role and its equivalent type (see `flavours`)."""
    parts: tuple["KnownArchitecture", ...] = ()
    """Components of a full checkpoint: denoiser, text encoders, VAE; else empty."""
    differences: tuple[str, ...] = ()
    """How a variant differs from what `name` says: "196 input channels instead of 64"."""
    nearest: str = ""
    """What an unknown one almost is, and what keeps it from that; "" when it is near nothing."""

    @property
    def groups(self) -> tuple[WeightGroup, ...]:
        """The tensors summed by role and type."""
        return group_tensors(self.tensors)
