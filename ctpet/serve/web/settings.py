"""What whoever starts the page decides, and the limits of what others may ask of it."""

from dataclasses import dataclass, field

GIB = 1 << 30
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server takes before it says no.

    Attributes:
        studies: open at once.
        study_bytes: received for one study.
        study_files: received for one study.
        free_bytes: that the disk keeps.
        idle_s: after which a study that nobody looks at is erased.
        silence_s: after which an upload that sends nothing is ended.
        look_s: that reading a study may take.
        job_s: that making a PET may take.
        roi_radius_mm: largest sphere that is measured.
    """

    studies: int = 8
    study_bytes: int = 8 * GIB
    study_files: int = 20_000
    free_bytes: int = 1 * GIB
    idle_s: float = 4 * 3600
    silence_s: float = 60
    look_s: float = 600
    job_s: float = 3600
    roi_radius_mm: float = 100


@dataclass(frozen=True, slots=True)
class Settings:
    """One server.

    Attributes:
        hosts: names, with port, by which the page may be asked for; others are refused, so that a
            name that somebody points at this machine (DNS rebinding) opens nothing.
        scheme: ``http``, or ``https`` where TLS is on.
        token: what a browser must know before it is told anything; None: it need not.
        limits: of what is taken.
    """

    hosts: frozenset[str]
    scheme: str = "http"
    token: str | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def origins(self) -> frozenset[str]:
        """Return where the page's own requests come from."""
        return frozenset(f"{self.scheme}://{host}" for host in self.hosts)


def hosts_of(addresses: tuple[str, ...], port: int) -> frozenset[str]:
    """Return how a browser names a server at some addresses, in the Host header."""
    bracketed = [f"[{one}]" if ":" in one else one for one in addresses]
    usual = bracketed if port in (80, 443) else []
    return frozenset([*(f"{one}:{port}" for one in bracketed), *usual])
