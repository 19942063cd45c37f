"""What is outside of the application: a service that knows each key once, as payment services do."""

from pathlib import Path

FOLDER = Path("outside")


def happen(effect: str, order: str, key: str) -> None:
    """Does something for an order; the same key again changes nothing."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{effect} {order} {key}").touch()


def is_broken() -> bool:
    """Whether the printer of confirmations is out of order."""
    return Path("broken").exists()


def is_busy() -> bool:
    """Whether the printer of confirmations takes long over some."""
    return Path("busy").exists()
