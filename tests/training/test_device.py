"""What the device can do, and what is said when it cannot."""

from __future__ import annotations

import pytest

from hansard_bias.training import device


def test_a_missing_compiler_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(ValueError, match=r"^params\.yaml: train\.compile is true, expected a C\+\+ compiler.*false$"):
        device.require_compiler()


def test_the_compiler_that_the_environment_names_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "my-c++")
    monkeypatch.setattr("shutil.which", lambda name: "/bin/my-c++" if name == "my-c++" else None)
    device.require_compiler()


def test_fp16_without_a_gpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ValueError, match=r"train\.precision is 'fp16', expected a GPU"):
        device.choose_precision("fp16")
    assert device.choose_precision("fp32") == "fp32"


def test_other_work_is_what_this_process_does_not_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds on the clock, of all cores at work, and of this process: 10 s, 17 s and 6 s later."""
    times = iter([(100.0, 50.0, 1.0), (110.0, 67.0, 7.0), (110.0, 67.0, 7.0)])
    monkeypatch.setattr(device.OtherWork, "_now", staticmethod(lambda: next(times)))
    others = device.OtherWork(processes=2)
    assert others.cores() == pytest.approx((17 - 2 * 6) / 10)
    others._processes = 3
    assert others.cores() == 0.0
