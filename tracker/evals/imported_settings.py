"""What a foreign results file says about the model and about how it was asked, in the words that the guards compare."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from tracker.catalog.mentions import Mention, mention, switches_thinking

LARGEST_LIST = 200
LONGEST_TEXT = 4000
DEEPEST = 5
ROOM_TO_THINK = 8192
"""A task's own output limit of so many tokens was set with thinking in mind, and is no mere default."""

# The order in which lm-eval itself looks for the model's name.
NAMES = ("peft", "delta", "pretrained", "model", "path", "engine")
OUTPUT_LIMITS = frozenset({"max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens"})
# Arguments of loaders and servers that leave the model what it is. Any other is taken to make it another model.
HARMLESS = frozenset(
    [
        "add_bos_token",
        "api_key",
        "attn_implementation",
        "autogptq_use_triton",
        "backend",
        "base_url",
        "batch_size",
        "cache_dir",
        "data_parallel_size",
        "device",
        "device_map",
        "device_map_option",
        "disable_custom_all_reduce",
        "distributed_executor_backend",
        "download_dir",
        "dtype",
        "eos_string",
        "enforce_eager",
        "escape_until",
        "gpu_memory_utilization",
        "gpus",
        "header",
        "load_format",
        "logits_cache",
        "low_cpu_mem_usage",
        "max_batch_size",
        "max_concurrent",
        "max_cpu_memory",
        "max_gen_toks",
        "max_length",
        "max_lora_rank",
        "max_memory_per_gpu",
        "max_model_len",
        "max_num_batched_tokens",
        "max_num_seqs",
        "max_retries",
        "max_seq_len",
        "max_seq_len_to_capture",
        "max_tokens",
        "mixed_precision_dtype",
        "num_concurrent",
        "offload_folder",
        "parallelize",
        "pipeline_parallel_size",
        "prefix_token_id",
        "quiet",
        "revision",
        "seed",
        "softmax_dtype",
        "subfolder",
        "swap_space",
        "tensor_parallel_size",
        "think_end_token",
        "timeout",
        "tokenized_requests",
        "tokenizer",
        "tokenizer_backend",
        "tokenizer_mode",
        "tp",
        "trust_remote_code",
        "truncate",
        "truncation",
        "use_accelerate",
        "use_chat_template",
        "use_fast_tokenizer",
        "verify_certificate",
    ]
)
TEMPLATE_ARGUMENTS = ("chat_template_args", "chat_template_kwargs")
# Values that are never kept, wherever they stand.
SECRET = re.compile(r"api_?key|secret|passw|^auth|^header|(^|_)token$", re.IGNORECASE)
PASSWORD_IN_ADDRESS = re.compile(r"//[^/@\s]*@")


def run_config(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """How lm-eval was started: `config`, in some early files `params`; empty where neither is there."""
    for key in ("config", "params"):
        if isinstance(data.get(key), dict):
            return data[key]  # type: ignore[no-any-return]
    return {}


def arguments(given: Any) -> dict[str, Any] | None:
    """`key=value,key=value`, or the same as a table; None where it is neither, so that nothing is known."""
    if isinstance(given, dict):
        return {str(key): value for key, value in given.items()}
    if not isinstance(given, str):
        return None
    parts = (part.partition("=") for part in _parts(given))
    return {key.strip(): _value(value.strip()) for key, equals, value in parts if equals and key.strip()}


def find_mention(data: Mapping[str, Any], unnamed: str) -> Mention:
    """The model as the file names it; `unnamed` is what it is called where the file names none."""
    config = run_config(data)
    args = arguments(config.get("model_args"))
    name, rest = _name(args or {})
    if not name and isinstance(data.get("model_name"), str):
        name = data["model_name"].strip()
    if not name:
        return mention(unnamed)
    revision = rest.get("revision") or config.get("model_revision")
    known = HARMLESS | set(TEMPLATE_ARGUMENTS)
    telling = {key: value for key, value in rest.items() if key not in known and not SECRET.search(key)}
    generation = arguments(config.get("gen_kwargs")) or {}
    telling |= {key: value for key, value in generation.items() if switches_thinking(key)}
    telling |= _template_arguments(rest, generation)
    flat = {clean(key): plain(value) for key, value in telling.items()}
    return mention(clean(name), clean(revision) if isinstance(revision, str) else None, flat)


def run_settings(data: Mapping[str, Any], found: Mention) -> dict[str, Any]:
    """What holds for every task of the file. A key that is not there is not known; null says none was given."""
    config = run_config(data)
    args = arguments(config.get("model_args"))
    settings: dict[str, Any] = {"model": found.name, "revision": found.revision, "arguments": dict(found.args)}
    if isinstance(config.get("model"), str):
        settings["backend"] = clean(config["model"])
    if args is not None:
        settings["model_args"] = plain({key: value for key, value in args.items() if not SECRET.search(key)})
    if "limit" in config and (config["limit"] is None or limit(config["limit"]) is not None):
        settings["limit"] = limit(config["limit"])
    templated = _templated(data, config, args)
    if templated is not None:
        settings["apply_chat_template"] = templated
    for source in (data, config):
        if "system_instruction" in source and (
            source["system_instruction"] is None or isinstance(source["system_instruction"], str)
        ):
            settings["system_prompt"] = clean(source["system_instruction"] or "") or None
            break
    if "gen_kwargs" in config:
        generation = arguments(config["gen_kwargs"]) if config["gen_kwargs"] is not None else {}
        if generation is not None:
            settings["generation"] = plain({k: v for k, v in generation.items() if k not in TEMPLATE_ARGUMENTS})
            if args is not None:
                settings["chat_template_args"] = plain(_template_arguments(args, generation))
    return settings


def default_limit(data: Mapping[str, Any], task: Mapping[str, Any]) -> bool | None:
    """Whether answers were cut at the task's or the harness's own output limit; None where that is not known.

    `task` is the task's own configuration. False for tasks that let the model write nothing.
    """
    output = task.get("output_type")
    if not isinstance(output, str):
        return None
    if not output.startswith(("generate", "greedy")):
        return False
    config = run_config(data)
    given = (arguments(config.get("gen_kwargs")) or {}) | (arguments(config.get("model_args")) or {})
    if OUTPUT_LIMITS & given.keys():
        return False
    own = task.get("generation_kwargs")
    limits = [own[key] for key in OUTPUT_LIMITS & own.keys()] if isinstance(own, dict) else []
    return not any(isinstance(tokens, int | float) and tokens >= ROOM_TO_THINK for tokens in limits)


def limit(value: Any) -> int | float | None:
    """A limit as documents (a whole number) or as a share of them (below 1); None for none, or for nonsense."""
    if isinstance(value, str):
        value = _value(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
        return None
    return int(value) if value == int(value) else float(value)


def clean(text: str) -> str:
    """Text as every database holds it: NUL is dropped and a lone surrogate becomes "?"."""
    text = text[:LONGEST_TEXT]
    return text if text.isascii() and "\0" not in text else text.replace("\0", "").encode("utf-8", "replace").decode()


def plain(value: Any, depth: int = 0) -> Any:
    """A value from a foreign file, small enough to be kept beside a run, and valid JSON."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return PASSWORD_IN_ADDRESS.sub("//", clean(value))
    if isinstance(value, int):
        return value if abs(value) < 1 << 63 else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth < DEEPEST and isinstance(value, dict):
        return {clean(str(key)): plain(held, depth + 1) for key, held in list(value.items())[:LARGEST_LIST]}
    if depth < DEEPEST and isinstance(value, list):
        return [plain(held, depth + 1) for held in value[:LARGEST_LIST]]
    return "…"


def _name(args: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The model's name and the arguments beside it."""
    for key in NAMES:
        if isinstance(args.get(key), str) and args[key].strip():
            return args[key].strip(), {other: value for other, value in args.items() if other != key}
    return "", dict(args)


def _template_arguments(args: Mapping[str, Any], generation: Mapping[str, Any]) -> dict[str, Any]:
    """What was handed to the chat template: named as such, or a thinking switch beside the model's name."""
    found: dict[str, Any] = {}
    for given in (args, generation):
        for key in TEMPLATE_ARGUMENTS:
            held = given.get(key)
            found |= (arguments(held) or {}) if isinstance(held, dict | str) else {}
    switches = {key: value for key, value in args.items() if switches_thinking(key) and key not in HARMLESS}
    return found | switches


def _templated(data: Mapping[str, Any], config: Mapping[str, Any], args: Mapping[str, Any] | None) -> bool | None:
    if isinstance(config.get("apply_chat_template"), bool):
        return bool(config["apply_chat_template"])
    if args is not None and isinstance(args.get("use_chat_template"), bool):
        return bool(args["use_chat_template"])
    if "chat_template" not in data:
        return None
    template = data["chat_template"]
    if template is None:
        # Several turns need a template: one was applied by a backend that did not report it.
        return None if data.get("fewshot_as_multiturn") is True else False
    # An empty text comes from servers, which apply their own.
    return True if isinstance(template, str) else None


def _parts(text: str) -> list[str]:
    """The text between its commas, but for those inside brackets."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "[{(") - (letter in "]})")
        if letter == "," and depth <= 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def _value(text: str) -> Any:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if text in ("None", "null", ""):
        return None
    if text[0] in "[{":
        try:
            return json.loads(text.replace("'", '"').replace("True", "true").replace("False", "false"))
        except (ValueError, RecursionError):
            return text
    if re.fullmatch(r"[-+]?\d{1,18}", text):
        return int(text)
    if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?", text) and len(text) < 40:
        return float(text)
    return text
