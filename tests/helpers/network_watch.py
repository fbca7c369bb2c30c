"""What processes ask of a network, recorded in all of them, and a machine without one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

HOOK = Path(__file__).parent / "network_record"
# Any of these hides what a user's shell would show: DVC looks for updates, and reports usage, only where it is unset.
SILENCING = ("CI", "DVC_TEST", "DVC_NO_ANALYTICS", "HF_HUB_OFFLINE", "DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY")


class NetworkWatch:
    """Records every Python process that runs in its environment, and whatever leaves the machine from it."""

    def __init__(self, record: Path) -> None:
        self.record = record

    def environment(self, base: dict[str, str]) -> dict[str, str]:
        """An environment whose processes are watched, and which nothing keeps silent."""
        path = [str(HOOK), *filter(None, [base.get("PYTHONPATH")])]
        kept = {key: value for key, value in base.items() if key not in SILENCING}
        return kept | {"PYTHONPATH": os.pathsep.join(path), "NETWORK_RECORD": str(self.record)}

    def processes(self) -> list[str]:
        """The command lines of the processes that were watched."""
        return self._lines("process ")

    def asked(self) -> list[str]:
        """Look-ups, connections and messages beyond this machine, and servers open to others; by whom."""
        return self._lines("asked ")

    def _lines(self, kind: str) -> list[str]:
        if not self.record.is_file():
            return []
        lines = self.record.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line.removeprefix(kind) for line in lines if line.startswith(kind)]


def cut_off() -> list[str]:
    """The words before a command that leave it no network at all; none where the system does not let us."""
    words = ["unshare", "--map-root-user", "--net"]
    try:
        allowed = subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return []
    return words if allowed else []
