"""The places units run in: no device is given twice, and what needs two waits for two."""

import pynvml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.slots import Gpu, Slots, allowed, find_gpus

GPUS = [Gpu(0, "A", "GPU-aa11"), Gpu(1, "A", "GPU-aa22"), Gpu(2, "B", "GPU-bb33"), Gpu(10, "B", "GPU-bb44")]


def test_what_needs_two_waits_for_two():
    slots = Slots(GPUS[:2])
    assert slots.take(gpus=1, server=None) == ("0",)
    assert slots.take(gpus=2, server=None) is None
    assert slots.take(gpus=1, server=None) == ("1",)
    slots.give_back(("0",))
    assert slots.take(gpus=2, server=None) is None
    slots.give_back(("1",))
    assert slots.take(gpus=2, server=None) == ("0", "1")


def test_there_is_one_processor_slot_and_one_for_each_server():
    slots = Slots(GPUS)
    assert slots.take(gpus=0, server=None) == ("cpu",)
    assert slots.take(gpus=0, server=None) is None
    assert slots.take(gpus=0, server="http://a/v1") == ("http://a/v1",)
    assert slots.take(gpus=0, server="http://a/v1") is None
    assert slots.take(gpus=0, server="http://b/v1") == ("http://b/v1",)
    slots.give_back(("cpu",))
    slots.give_back(("http://a/v1",))
    assert slots.take(gpus=0, server=None) == ("cpu",)
    assert slots.take(gpus=0, server="http://a/v1") == ("http://a/v1",)


def test_a_server_takes_no_device():
    slots = Slots(GPUS[:1])
    assert slots.take(gpus=1, server="http://a/v1") == ("http://a/v1",)
    assert slots.take(gpus=1, server=None) == ("0",)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), max_size=40))
def test_units_never_share_a_device_and_none_is_lost(steps):
    slots, held = Slots(GPUS), []
    for give, number in steps:
        if give and held:
            slots.give_back(held.pop(number % len(held)))
        else:
            taken = slots.take(gpus=number, server=None)
            if taken is not None:
                assert len(taken) == max(number, 1)
                held.append(taken)
        names = [name for one in held for name in one]
        assert len(set(names)) == len(names)
    for one in held:
        slots.give_back(one)
    assert slots.take(gpus=4, server=None) == ("0", "1", "2", "10")


@pytest.mark.parametrize(
    ("visible", "numbers"),
    [
        (None, [0, 1, 2, 10]),
        ("", []),
        ("-1", []),
        ("2,0", [2, 0]),
        (" 1 , 10 ", [1, 10]),
        ("0,7,1", [0]),
        ("GPU-bb44,GPU-aa11", [10, 0]),
        ("GPU-aa", []),
        ("1,1", [1]),
    ],
)
def test_only_the_devices_the_night_was_given_are_used(visible, numbers):
    assert [gpu.number for gpu in allowed(GPUS, visible)] == numbers


def test_the_machines_own_devices_or_none_without_a_driver():
    found = find_gpus(None)
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        assert found == []
    else:
        assert [gpu.number for gpu in found] == list(range(pynvml.nvmlDeviceGetCount()))
        assert all(gpu.name and gpu.uuid.startswith("GPU-") for gpu in found)
