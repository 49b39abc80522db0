"""The tokenizer that both embedded models share, and an untrained model."""

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tracker.evals.twins.problems import Problem

CONTEXT = 256
END = "<|end|>"
PAD = "<|pad|>"
ROLES = ("<|system|>", "<|user|>", "<|assistant|>")
THINK, END_THINK = "<think>", "</think>"
CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>"
    "{% if enable_thinking is defined and enable_thinking is false %}<think></think>{% endif %}{% endif %}"
)
PIECES = Regex(r" ?[A-Za-z]+| ?\d|[^\sA-Za-z\d]|\s")
"""How text is cut before it is encoded: words with the space before them, and every digit on its own."""


def build_tokenizer(corpus: list[Problem]) -> PreTrainedTokenizerFast:
    """A byte-level encoder, so any text has a code; `<think>` is no special token, or decoding would drop it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(PIECES, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=510,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        special_tokens=[PAD, END, *ROLES],
    )
    tokenizer.train_from_iterator(["\n".join(problem[:3]) for problem in corpus], trainer)
    tokenizer.add_tokens([AddedToken(mark, special=False, normalized=False) for mark in (THINK, END_THINK)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=list(ROLES),
        model_max_length=CONTEXT,
        padding_side="left",
        chat_template=CHAT_TEMPLATE,
    )


def build_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """About half a million parameters, drawn from torch's global random generator."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        initializer_range=0.06,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


def opening(prompt: str, thinking: bool) -> str:
    """What the model reads before it writes: the chat template for one question, without the template engine."""
    return f"<|user|>{prompt}{END}<|assistant|>{'' if thinking else THINK + END_THINK}"


def reply(problem: Problem, trace: bool) -> str:
    """What the model should write."""
    thought = f"{THINK}{problem.trace}{END_THINK}" if trace else ""
    return f"{thought}{problem.answer}{END}"
