"""Tasks made from the echo task that give odd numbers: hopeless documents, odd metrics, and groups of every kind."""

import shutil
from pathlib import Path

from tests.harness_setup import TASKS

ECHO = (TASKS / "echo_digit.yaml").read_text()
METRICS = ECHO[ECHO.index("metric_list:") : ECHO.index("metadata:")]

ODD = '''
import numpy as np
from datasets import Dataset

def ten(**_):
    """Ten questions whose expected answer nobody gives."""
    rows = [{"question": f"Say {digit} please, a", "answer": "none"} for digit in range(10)]
    return {"test": Dataset.from_list(rows)}

def scores(doc, results):
    right = results[0].strip() == doc["answer"]
    return {
        "right": np.bool_(right), "half": np.float32(right / 2), "best": float(right), "never": float("nan"),
        "many": [1.0, 2.0], "words": "N/A", "flag": right,
    }

def top(values):
    return max(values) + 1.0

def many(values):
    return [0.5, 0.25]

def words(values):
    return "N/A"

def flag(values):
    return True
'''
AGGREGATIONS = {
    "right": "mean",
    "half": "mean",
    "best": "!function odd.top",
    "never": "mean",
    "many": "!function odd.many",
    "words": "!function odd.words",
    "flag": "!function odd.flag",
}
FILTERS = """
  - name: doubled
    filter:
      - function: regex
        regex_pattern: "(nothing like it)"
      - function: take_first
"""
GROUPS = {
    "weighted": "group: weighted\ntask: [odd_echo, odd_ten]\naggregate_metric_list:\n"
    "  - {metric: exact_match, aggregation: mean, weight_by_size: true, filter_list: answer}\nmetadata: {version: 3}\n",
    "even": "group: even\ntask: [odd_echo, odd_ten]\naggregate_metric_list:\n"
    "  - {metric: exact_match, aggregation: mean, weight_by_size: false, filter_list: answer}\n"
    "metadata: {version: 3}\n",
    "nested": "group: nested\ntask:\n  - group: inner\n    task: [odd_ten]\n    aggregate_metric_list:\n"
    "      - {metric: exact_match, aggregation: mean, weight_by_size: true, filter_list: answer}\n  - odd_echo\n"
    "aggregate_metric_list:\n"
    "  - {metric: exact_match, aggregation: mean, weight_by_size: true, filter_list: answer}\nmetadata: {version: 3}\n",
    "bare": "group: bare\ntask: [odd_echo, odd_ten]\nmetadata: {version: 3}\n",
}


def write(folder: Path) -> str:
    """Put the tasks odd_echo (two filters), odd_ten (hopeless), odd_metrics and the groups into a folder."""
    shutil.copy(TASKS / "echo_digit.py", folder)
    (folder / "odd.py").write_text(ODD)
    echo = ECHO.replace("metric_list:", FILTERS.strip("\n") + "\nmetric_list:", 1)
    metrics = "".join(
        f"  - metric: {name}\n    aggregation: {aggregation}\n    higher_is_better: true\n"
        for name, aggregation in AGGREGATIONS.items()
    )
    odd = ECHO.replace(METRICS, f"process_results: !function odd.scores\nmetric_list:\n{metrics}")
    tasks = {
        "odd_echo": echo,
        "odd_ten": echo.replace("echo_digit.load", "odd.ten"),
        "odd_metrics": odd,
    }
    for name, text in tasks.items():
        (folder / f"{name}.yaml").write_text(text.replace("task: echo_digit", f"task: {name}"))
    for name, text in GROUPS.items():
        (folder / f"{name}.yaml").write_text(text)
    return str(folder)
