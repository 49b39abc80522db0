"""What the night and the child process that runs lm-eval say to each other: one JSON object a line."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class ModelSpec:
    """What the child loads. `weights` is a folder or a hub id; `revision` what the catalogue asks for.

    `device` is "cpu", "cuda" or "server". `max_output_tokens` None leaves each task its own limit. `api_key_env` is
    the name of an environment variable; the key itself never travels. On a server, `timeout_seconds` bounds one
    request, `patience_seconds` all its attempts, and `retry_seconds` is the first pause between two.
    """

    id: str
    backend: str
    weights: str
    revision: str | None
    local: bool
    device: str
    gpus: int
    thinking: bool
    think_start: str
    think_end: str
    settings: dict[str, Any]
    batch_size: int
    base_url: str | None = None
    api_key_env: str | None = None
    server_model: str | None = None
    concurrency: int = 8
    timeout_seconds: float = 600.0
    patience_seconds: float = 300.0
    retry_seconds: float = 0.5


@dataclass(frozen=True)
class TaskSpec:
    """One task to run. `folder` is where its files go, `partial` where unfinished answers are kept."""

    run_id: str
    task: str
    version: str | None
    folder: str
    partial: str
    settings: dict[str, Any]
    settings_hash: str
    unsafe_code: bool = False
    limit: int | None = None
    include_paths: list[str] = field(default_factory=list)
    group: bool = False


def encode(kind: str, **values: Any) -> bytes:
    """One line for the pipe; dataclasses become objects."""
    plain = {key: asdict(value) if hasattr(value, "__dataclass_fields__") else value for key, value in values.items()}
    return (json.dumps({"kind": kind, **plain}, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


def decode(line: bytes) -> dict[str, Any]:
    """One line from the pipe."""
    message: dict[str, Any] = json.loads(line.decode("utf-8", "surrogatepass"))
    return message
