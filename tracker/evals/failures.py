"""What went wrong in an evaluation, as one clear sentence with what to do about it."""

import re
from typing import NamedTuple


class HarnessError(Exception):
    """Something the harness itself found wrong; its text is already the sentence to show."""


class Failure(NamedTuple):
    """`retry` says that the same thing may work a little later: a hub or a server that could not be reached."""

    sentence: str
    retry: bool


_TABLE: tuple[tuple[str, str, bool], ...] = (
    # (pattern over "ErrorType: text", sentence, worth another try)
    (
        r"is not a registered task|Tasks not found|not found in the (task )?index",
        "“{task}” is no task that lm-eval knows: correct `task` in benchmarks.toml, or point TRACKER_TASKS_DIR at the"
        " folder of your own tasks.",
        False,
    ),
    (
        r"Duplicate task|ConfigurationError: .*duplicate",
        "“{task}” names a group together with one of its own subtasks: keep one of the two in benchmarks.toml.",
        False,
    ),
    (
        r"Dataset scripts are no longer supported",
        "The data set of “{task}” comes as a script, which the installed datasets library no longer runs: take the"
        " task out of benchmarks.toml or use one with a converted data set.",
        False,
    ),
    (
        r"TemplateSyntaxError|from YAML|Cannot load module from|Module file not found",
        "The files of the task “{task}” are faulty ({text}): correct them in the folder of your own tasks.",
        False,
    ),
    (
        r"doesn't exist on the Hub",
        "The hub has no data set for “{task}”, or shows it to its members only: set HF_TOKEN, or take the task out of"
        " benchmarks.toml.",
        False,
    ),
    (
        r"Repo id must|is not a local folder and is not a valid model identifier|RepositoryNotFound|HFValidationError"
        r"|RevisionNotFound|does not appear to have a file named|no file named model\.safetensors",
        "{what} cannot be found: correct `weights` or `revision` of “{model}” in models.toml, or set HF_TOKEN if the"
        " hub shows them to their members only.",
        False,
    ),
    (
        r"GatedRepo|gated (repo|dataset)|access to model .* is restricted|40[13] Client Error|Unauthorized|Forbidden",
        "The hub refuses access to {what}: accept the licence on the hub and set HF_TOKEN.",
        False,
    ),
    (
        r"SafetensorError|UnpicklingError|is not a valid JSON file|Should have a `model_type` key",
        "{what} are damaged or incomplete ({text}): fetch or copy them again.",
        False,
    ),
    (
        r"OfflineModeIsEnabled|We couldn't connect to|Couldn't reach|ConnectionError|MaxRetryError|ConnectTimeout"
        r"|ReadTimeout|LocalEntryNotFound|Temporary failure in name resolution|Cannot send a request",
        "{what} could not be fetched from the hub: check the network, or run it once with a network so that the files"
        " are in the cache.",
        True,
    ),
    (
        r"confirm_run_unsafe_code|HF_ALLOW_CODE_EVAL",
        "“{task}” runs code that the model writes: give --run-code to allow it, on a machine where that does no harm.",
        False,
    ),
    (
        r"Invalid configuration: requested max tokens",
        "The output limit of “{model}” on “{task}” leaves no room for the prompt in its context: lower"
        " max_output_tokens or raise max_length in models.toml.",
        False,
    ),
    (
        r"OutOfMemory|out of memory|can't allocate memory|MemoryError|std::bad_alloc",
        "“{model}” does not fit into memory even with one document at a time: give it more GPUs, a smaller"
        " max_output_tokens, or a smaller dtype in models.toml.",
        False,
    ),
    (
        r"PermissionError|Read-only file system|Permission denied|readonly database",
        "A file or folder is closed to this user ({text}): correct its permissions, or set TRACKER_DATA_DIR to a"
        " folder that is open.",
        False,
    ),
    (
        r"NotADirectoryError|FileExistsError|IsADirectoryError",
        "A file and a folder stand in each other's way ({text}): move one away, or set TRACKER_DATA_DIR.",
        False,
    ),
    (
        r"No space left on device|disk is full",
        "The disk is full: make room in the data folder, or set TRACKER_DATA_DIR to another disk.",
        False,
    ),
    (
        r"Cannot use chat template|chat_template is not set|does not have a chat template",
        "The tokenizer of “{model}” has no chat template: take an instruct model, or a revision that has one.",
        False,
    ),
    (
        r"does not recognize this architecture|trust_remote_code|Unrecognized configuration class",
        "The installed transformers cannot load the architecture of “{model}”: serve it with another program and enter"
        ' it with backend = "server".',
        False,
    ),
    (
        r"TypeError: .*unexpected keyword|not used by the model|model_kwargs|has to be a strictly positive"
        r"|module 'torch' has no attribute",
        "“{model}” does not take one of its settings ({text}): correct `generation`, `chat_template_args` or"
        " `dtype` in models.toml.",
        False,
    ),
)


def explain(error: BaseException, *, model: str, task: str | None, what: str, log: str) -> Failure:
    """The sentence for an error; `what` was being loaded (“the weights …”), `log` is where the whole text is."""
    if isinstance(error, HarnessError):
        return Failure(str(error), retry=False)
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    whole = " | ".join(f"{type(one).__name__}: {one}" for one in chain)
    text = _short(str(error) or type(error).__name__)
    for pattern, sentence, retry in _TABLE:
        if re.search(pattern, whole):
            said = sentence.format(task=task or "?", model=model, what=what, text=text)
            return Failure(said[0].upper() + said[1:], retry)
    return Failure(f"{type(error).__name__}: {text} — the whole text is in {log}.", retry=False)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:299] + "…"
