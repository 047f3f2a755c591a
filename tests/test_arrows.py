"""The house: a room imports only rooms below it, and nothing heavy before it is needed."""

import ast
import subprocess
import sys
from pathlib import Path

import musegen

PACKAGE = Path(musegen.__file__).parent
FLOORS = (  # from the ground up
    ("song", "config", "files", "backend"),
    ("midi", "audio", "musicxml", "corpus", "preprocess", "tokens", "four_voices"),
    ("autoencoder", "lstm", "gan", "listener", "training", "generation"),
    ("metrics", "survey"),
    ("figures",),
    ("player",),
    ("composer",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
UPWARD = {"_repr_html_": "player"} | {f"to_{room}": room for room in ("midi", "audio", "musicxml")}
HEAVY = ("keras", "tensorflow", "music21", "pypianoroll", "pretty_midi", "IPython")


def imports() -> set[tuple[str, str, str]]:
    """List what the modules import: (room, function or "", room of musegen or other package)."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        inside = {child: node.name for node in functions for child in ast.walk(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = getattr(node, "module", None) or ""
                whole = [module] if module not in ("", "musegen") else [a.name for a in node.names]
                names = [name.removeprefix("musegen.").split(".")[0] for name in whole]
                found |= {(room, inside.get(node, ""), name) for name in names}
    return found


def test_arrows_point_down_but_those_of_a_song_that_shows_and_writes_itself():
    inside = [arrow for arrow in imports() if arrow[0] in FLOOR and arrow[2] in FLOOR]
    upward = {arrow for arrow in inside if FLOOR[arrow[2]] > FLOOR[arrow[0]]}
    assert upward == {("song", function, room) for function, room in UPWARD.items()}
    assert {room for room, *_ in imports()} <= {*FLOOR, "__init__", "__main__"}


def test_nothing_in_musegen_imports_the_programs_built_on_it():
    above = {arrow for arrow in imports() if arrow[2] in ("apps", "tools", "benchmarks", "tests")}
    assert {room for room, *_ in above} <= {"__main__"}


def test_nothing_heavy_is_imported_early():
    code = "import sys, musegen; print([m for m in sys.modules if m.startswith('musegen.')])"
    code += "; print('numpy' in sys.modules); [getattr(musegen, room) for room in musegen.__all__]"
    code += f"; print(set({HEAVY}) & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["[]", "False", "set()"]
