"""The house: a room imports only rooms below it, and nothing heavy before it is needed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import musegen

PACKAGE = Path(musegen.__file__).parent
ROOMS = (  # from the ground up
    ("song", "config", "files", "progress"),
    ("midi", "audio", "notation", "corpus", "preprocess", "tokens", "held"),
    ("backend", "autoencoder", "cluster", "lstm", "training", "generation"),
    ("metrics", "survey"),
    ("figures",),
    ("player",),
    ("composer",),
)
FLOOR = {module: floor for floor, room in enumerate(ROOMS) for module in room}
# A song shows and writes itself: the only arrows that point up.
UPWARD = {
    ("song", "_repr_html_", "player"),
    ("song", "to_midi", "midi"),
    ("song", "to_audio", "audio"),
    ("song", "to_musicxml", "notation"),
}
HEAVY = ("keras", "tensorflow", "music21", "pypianoroll", "pretty_midi", "IPython", "nbclient")


def modules() -> list[str]:
    """Name every module of the package."""
    paths = (path.relative_to(PACKAGE.parent).with_suffix("") for path in PACKAGE.rglob("*.py"))
    return sorted(".".join(path.parts).removesuffix(".__init__") for path in paths)


def room(module: str) -> str:
    """Name the room of a module: ``musegen.corpus.lpd5`` is in corpus."""
    return module.split(".")[1]


def imports(module: str) -> set[tuple[str, str, str]]:
    """List what a module imports of the others: (room, function or "", room imported)."""
    path = PACKAGE.parent.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inside = {child: node.name for node in functions for child in ast.walk(node)}
    return {
        (room(module), inside.get(node, ""), room(name))
        for node in ast.walk(tree)
        for name in imported(node)
        if name.startswith("musegen.")
    }


def imported(node) -> list[str]:
    """List the modules that a statement imports."""
    if isinstance(node, ast.ImportFrom) and node.module == "musegen":
        return [f"musegen.{alias.name}" for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


INSIDE = [module for module in modules() if module not in ("musegen", "musegen.__main__")]


@pytest.mark.parametrize("module", INSIDE)
def test_arrows_point_down(module):
    found = imports(module)
    assert {arrow for arrow in found if FLOOR[arrow[2]] > FLOOR[arrow[0]]} <= UPWARD


def test_every_upward_arrow_is_there():
    assert set().union(*map(imports, INSIDE)) >= UPWARD


@pytest.mark.parametrize("module", INSIDE)
def test_nothing_in_musegen_imports_the_apps(module):
    path = PACKAGE.parent.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    tops = {name.split(".")[0] for node in nodes for name in imported(node) if name}
    assert not tops & {"apps", "tools", "benchmarks", "tests"}


def test_every_public_name_has_a_room():
    assert set(musegen.__all__) <= set(FLOOR)


@pytest.mark.parametrize("module", [m for m in INSIDE if m.count(".") == 1])
def test_nothing_heavy_is_imported_early(module):
    code = f"import {module}, sys; print(*(set({HEAVY!r}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_import_musegen_takes_no_module_along():
    code = "import sys, musegen; print(*(m for m in sys.modules if m.startswith('musegen.')))"
    code += "; print('numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["", "False"]
