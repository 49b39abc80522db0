"""Makes tiny Qwen3 and Llama models on disk, trained for seconds to think and answer, with full chat templates.

Both learn one thing: asked to say a digit, think about it, then say it. The Qwen3 one marks its thinking with special
tokens and obeys `enable_thinking`; the Llama one with plain text of several tokens, its template opening the thinking
in the prompt as R1's does.
"""

from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

STEPS = 120

QWEN = (
    "{%- for message in messages -%}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}"
    "{%- endfor -%}{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}"
    "{%- if enable_thinking is defined and enable_thinking is false -%}{{- '<think>\\n\\n</think>\\n\\n' -}}"
    "{%- endif -%}"
    "{%- endif -%}"
)
LLAMA = (
    "{{- bos_token -}}{%- for message in messages -%}{{- '<|start_header_id|>' + message.role"
    " + '<|end_header_id|>\\n\\n'"
    " + message.content | trim + '<|eot_id|>' -}}{%- endfor -%}{%- if add_generation_prompt -%}"
    "{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n<think>\\n' -}}{%- endif -%}"
)


def build(folder: Path, family: str) -> Path:
    """Train and save one ("qwen3" or "llama"); the same bytes every time on one machine."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    tokenizer = _tokenizer(family)
    shape = {
        "vocab_size": len(tokenizer),
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "tie_word_embeddings": True,
    }
    model = (
        Qwen3ForCausalLM(Qwen3Config(head_dim=16, **shape))
        if family == "qwen3"
        else LlamaForCausalLM(LlamaConfig(**shape))
    )
    _train(model, tokenizer, _lines(tokenizer, family))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _lines(tokenizer: PreTrainedTokenizerFast, family: str) -> list[tuple[str, str]]:
    lines = []
    for turn in "abcd":
        for digit in range(10):
            asked = [{"role": "user", "content": f"Say {digit} please, {turn}"}]
            trace = f"it is {digit}\n"
            modes = [{}, {"enable_thinking": False}] if family == "qwen3" else [{}]
            for mode in modes:
                prompt = tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True, **mode)
                opened = "<think>" if family == "qwen3" else ""
                thought = "" if mode else f"{opened}{trace}</think>"
                lines.append((prompt, thought + str(digit) + tokenizer.eos_token))
    return lines


def _train(model: torch.nn.Module, tokenizer: PreTrainedTokenizerFast, lines: list[tuple[str, str]]) -> None:
    rows = [[tokenizer.encode(part, add_special_tokens=False) for part in line] for line in lines]
    width = max(len(prompt) + len(answer) for prompt, answer in rows)
    tokens = torch.full((len(rows), width), tokenizer.pad_token_id)
    labels = torch.full((len(rows), width), -100)
    for at, (prompt, answer) in enumerate(rows):
        end = len(prompt) + len(answer)
        tokens[at, :end] = torch.tensor(prompt + answer)
        # The off mode's empty thinking is the template's to write: learning it would blur the two modes.
        start = len(prompt) if lines[at][0].endswith("</think>\n\n") else 0
        labels[at, start:end] = torch.tensor(prompt + answer)[start:]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, STEPS)
    for _ in range(STEPS):
        loss = model(input_ids=tokens, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        decay.step()


def _tokenizer(family: str) -> PreTrainedTokenizerFast:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    specials = (
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
        if family == "qwen3"
        else ["<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"]
    )
    tokenizer = Tokenizer(models.BPE(vocab={letter: at for at, letter in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(one, special=True) for one in specials])
    named = (
        {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
        if family == "qwen3"
        else {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>", "pad_token": "<|eot_id|>"}
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=256, **named)
    fast.chat_template = QWEN if family == "qwen3" else LLAMA
    return fast
