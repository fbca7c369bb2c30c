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
