"""Devices: what they may be called."""

import pytest

from veche.domain.devices import may_be_device, may_call_device


@pytest.mark.parametrize(
    ("device", "fits"),
    [
        *((device, True) for device in ("ABC", "my phone", "телефон", "a" * 255)),
        *((device, False) for device in ("a" * 256, "ж" * 128, "a\x00b", "a\nb", "\ud800")),
    ],
)
def test_a_device_id(device: str, fits: bool) -> None:
    assert (may_be_device(device) is None) is fits


@pytest.mark.parametrize(
    ("name", "fits"), [(None, True), ("", True), ("Аннин телефон", True), ("a" * 256, False), ("a\x00", False)]
)
def test_a_devices_name(name: str | None, fits: bool) -> None:
    assert (may_call_device(name) is None) is fits
