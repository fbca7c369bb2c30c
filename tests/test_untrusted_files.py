"""Files that others wrote are data: none of them runs code, reads another file or asks a network."""

from __future__ import annotations

import ast
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from openpyxl import Workbook
from ruamel.yaml.error import YAMLError

from hansard_bias.calibration.config import load_calibration
from hansard_bias.operations.presets import apply_preset
from hansard_bias.params import load_config
from hansard_bias.probing.benchmarks import load_benchmark
from hansard_bias.probing.files import load_associations
from hansard_bias.probing.prompts import load_groups, load_prompts
from hansard_bias.tokens.encoded import PIECES_FILE, read_encoded
from helpers.project import ROOT, write_encoded

# Each of these runs what a file says, or a text as a command; YAML() round-trips where comments must stay.
FORBIDDEN = {"eval", "exec", "os.system", "os.popen", "torch.load", "pd.read_pickle"}
UNPICKLERS = {"pickle", "_pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"}
SAFE_ARGUMENTS = {"YAML": ("typ", "safe"), "np.load": ("allow_pickle", False), "np.save": ("allow_pickle", False)}
# A model's folder may bring Python code along, which transformers else asks on the terminal whether to run.
SAFE_ARGUMENTS |= {
    f"{kind}.from_pretrained": ("trust_remote_code", False) for kind in ("AutoTokenizer", "AutoModelForMaskedLM")
}
ROUND_TRIPS = {"presets.py"}

LOADERS: dict[str, Callable[[Path], Any]] = {
    "params.yaml": load_config,
    "prompts": load_prompts,
    "groups": load_groups,
    "associations": lambda path: load_associations(path, []),
}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def unpickles(node: ast.AST) -> bool:
    """Whether a statement imports what makes objects of bytes, or hides such a function behind another name."""
    if isinstance(node, ast.Import):
        return bool(UNPICKLERS & {name.name.partition(".")[0] for name in node.names})
    if isinstance(node, ast.ImportFrom):
        hidden = node.module in ("torch", "numpy", "os", "ruamel") and {"load", "system", "yaml"} & {
            name.name for name in node.names
        }
        return bool(hidden) or (node.module or "").partition(".")[0] in UNPICKLERS
    return False


def unsafe_calls(code: str, round_trips: bool = False) -> list[str]:
    """Calls and imports that load more than data, or that start a shell."""
    found = [f"line {node.lineno}: {ast.unparse(node)}" for node in ast.walk(ast.parse(code)) if unpickles(node)]
    for name, call in calls(ast.parse(code)):
        given = {word.arg: getattr(word.value, "value", None) for word in call.keywords}
        key, value = SAFE_ARGUMENTS.get(name, ("shell", given.get("shell")))
        if (
            name in FORBIDDEN
            or name.endswith("_pickle")
            or given.get("weights_only") is False
            or name == "AutoConfig.from_pretrained"
            or given.get("shell")
            or (given.get(key) != value and not (name == "YAML" and round_trips))
        ):
            found.append(f"line {call.lineno}: {ast.unparse(call)}")
    return found


def test_no_module_loads_more_than_data() -> None:
    for path in sorted((ROOT / "src").rglob("*.py")):
        found = unsafe_calls(path.read_text(encoding="utf-8"), path.name in ROUND_TRIPS)
        assert not found, f"{path}: {found}"


@pytest.mark.parametrize(
    "code",
    [
        *("torch.load(f)", "np.load(f)", "YAML().load(f)", "subprocess.run(x, shell=True)", "eval(x)"),
        *("import pickle", "from torch import load", "from joblib import load", "x(f, weights_only=False)"),
        *("pandas.read_pickle(f)", "AutoTokenizer.from_pretrained(f)", "AutoConfig.from_pretrained(f)"),
    ],
)
def test_the_search_finds_them(code: str) -> None:
    assert len(unsafe_calls(code)) == 1


@pytest.mark.parametrize("tag", ["python/object/apply:os.system", "python/object/new:subprocess.Popen"])
@pytest.mark.parametrize("kind", LOADERS)
def test_yaml_is_data(kind: str, tag: str, tmp_path: Path) -> None:
    planted, file = tmp_path / "planted", tmp_path / "file.yaml"
    file.write_text(f'surprise: !!{tag} ["touch {planted}"]\n', encoding="utf-8")
    with pytest.raises(ValueError) as caught:
        LOADERS[kind](file)
    assert str(caught.value).count("\n") == 0
    assert not planted.exists()


def test_the_calibration_s_yaml_is_data(tmp_path: Path) -> None:
    (tmp_path / "calibration").mkdir()
    text = (ROOT / "calibration" / "params.yaml").read_text(encoding="utf-8")
    planted = tmp_path / "planted"
    text += f'\nsurprise: !!python/object/apply:os.system ["touch {planted}"]\n'
    (tmp_path / "calibration" / "params.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="not valid YAML"):
        load_calibration(tmp_path)
    assert not planted.exists()


def test_a_preset_changes_a_file_without_running_it(tmp_path: Path) -> None:
    """It keeps comments, for which YAML is read in another way; unknown tags must stay words there, too."""
    planted, file = tmp_path / "planted", tmp_path / "params.yaml"
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    text += f'\nsurprise: !!python/object/apply:os.system ["touch {planted}"]\n'
    file.write_text(text, encoding="utf-8")
    with pytest.raises((ValueError, YAMLError)):
        apply_preset("small", [], file)
    assert not planted.exists()
    assert file.read_text(encoding="utf-8") == text


class Plants:
    """An object that writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_arrays_hold_numbers_only(tmp_path: Path) -> None:
    index = pa.table({"speech_id": ["a"], "sitting": ["d"], "split": ["test"], "bytes": [4]})
    write_encoded(tmp_path, index, [np.array([5, 6], np.uint16)])
    planted = tmp_path / "planted"
    np.save(tmp_path / PIECES_FILE, np.array([Plants(planted), 1], object), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects"):
        read_encoded(tmp_path)
    assert not planted.exists()


def workbook(folder: Path, declaration: str, cell: str) -> Path:
    """A benchmark whose sheet begins with this declaration and whose first prompt ends with this text."""
    plain, changed = folder / "plain.xlsx", folder / "changed.xlsx"
    book = Workbook()
    book.active.append(["prompt", "favorable_answer", "unfavorable_answer", "theme"])
    book.active.append(["They are [MASK] PLACE.", "good", "bad", "a theme"])
    book.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            content = source.read(name).decode()
            if "PLACE" in content:
                content = declaration + content.replace("PLACE", cell)
            target.writestr(name, content)
    return changed


def test_a_workbook_is_read(tmp_path: Path) -> None:
    assert load_benchmark(workbook(tmp_path, "", "here")).items[0].prompt == "They are [MASK] here."


@pytest.mark.parametrize(
    ("declaration", "cell"),
    [
        ('<!DOCTYPE x [<!ENTITY f SYSTEM "file://{secret}">]>', "&amp;f; &f;"),
        ('<!DOCTYPE x [<!ENTITY % p SYSTEM "file://{secret}"> %p;]>', "here"),
    ],
    ids=["an entity", "a parameter entity"],
)
def test_a_workbook_reads_no_other_file(declaration: str, cell: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret", encoding="utf-8")
    path = workbook(tmp_path, declaration.format(secret=secret), cell)
    try:
        shown = repr(load_benchmark(path))
    except ValueError as error:
        shown = str(error)
        assert "\n" not in shown and str(path) in shown
    assert "the secret" not in shown


def test_a_workbook_of_entities_in_entities_is_refused(tmp_path: Path) -> None:
    """Three kilobytes that would become gigabytes."""
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    path = workbook(tmp_path, f'<!DOCTYPE x [<!ENTITY e0 "{"ha" * 50}">{levels}]>', "&e9;")
    with pytest.raises(ValueError, match="not a readable XLSX workbook"):
        load_benchmark(path)
