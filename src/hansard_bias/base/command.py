"""A command from its first line to its exit status: what a person can mend is one line, never a traceback."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError

from hansard_bias.base.messages import one_line
from hansard_bias.base.work import Interrupted, die_with_dvc

KILLED = "the experiment was killed: its folder is gone; queue it again, and it goes on from its last checkpoint"
# What a person can mend: a missing file, a folder that is read-only or not theirs, a full disk or quota.
MENDABLE = (errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def run_command(app: Callable[[], object]) -> None:
    """Run a command; a user's mistake is one line and exit status 2, an interruption one line and 130 or 143."""
    # Before anything heavy is imported: both must hold while that lasts, too.
    die_with_dvc()
    folder = Path.cwd()
    bound_spinning()
    try:
        app()
    except Interrupted as stop:
        print(f"hansard-bias: {stop}", file=sys.stderr)
        sys.exit(stop.status)
    except (ValueError, OSError, SafetensorError) as error:
        if os.environ.get("HANSARD_BIAS_DEBUG") or not _is_for_users(error):
            raise
        # `dvc queue kill` takes the workspace away while the stage still runs.
        workspace = ".dvc/tmp/exps" in folder.as_posix()
        removed = workspace and not all((folder / name).exists() for name in ("dvc.yaml", "metrics"))
        print(f"hansard-bias: {KILLED if removed else one_line(str(error), longest=2000)}", file=sys.stderr)
        sys.exit(2)


def bound_spinning() -> None:
    """Let OpenMP's threads spin only briefly where they wait: others may need the core, another experiment for one.

    GCC's OpenMP spins 300,000 times: beside two processes that computed, the sample's model trained at 155 tokens a
    second instead of 31,000. It is read when torch is imported, and no bit of a result depends on it.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def _is_for_users(error: ValueError | OSError | SafetensorError) -> bool:
    if isinstance(error, SafetensorError):  # has the number in its text alone
        return any(f"(os error {number})" in str(error) for number in MENDABLE)
    return isinstance(error, ValueError) or error.errno in MENDABLE
