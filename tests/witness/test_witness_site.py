"""The site folder: for Python 3.8, of the standard library alone, shipped, and hiding no other sitecustomize."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from chaos.census.witness.ask import folder
from tests.midnight import PROJECT
from tests.witness.served import environment

FILES = sorted(folder().rglob("*.py"))
LISTENS = "import signal; print(callable(signal.getsignal(41)))"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_file_is_python_3_8_and_imports_the_standard_library_alone(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 8))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    }
    assert imported <= {*sys.stdlib_module_names, "__future__"}


def test_newer_syntax_would_be_found() -> None:
    with pytest.raises(SyntaxError):
        ast.parse("match x:\n    case 1: pass\n", feature_version=(3, 8))


def test_the_wheel_has_the_folder() -> None:
    shipped = {each.distribution_path for each in WheelBuilder(str(PROJECT)).recurse_included_files()}
    assert {str(path.relative_to(PROJECT)) for path in FILES} <= shipped
    assert len(FILES) > 5


def python(*argv: str, **variables: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MIDNIGHT", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, *argv], env={**kept, **variables}, capture_output=True, text=True, check=True
    )
    return done.stdout + done.stderr


def given(place: Path, **more: str) -> dict[str, str]:
    return {**environment(place), **more}


def test_it_listens_if_its_directory_exists(tmp_path: Path) -> None:
    assert python("-c", LISTENS, **given(tmp_path)) == "True\n"


def test_without_a_directory_or_switched_off_it_is_inert(tmp_path: Path) -> None:
    loaded = f"import sys; {LISTENS}; print('midnight_witness' in sys.modules)"
    for inert in (
        given(tmp_path / "missing"),
        given(tmp_path, MIDNIGHT_WITNESS="off"),
        given(tmp_path, MIDNIGHT_WITNESS_DIR=""),
        {name: value for name, value in given(tmp_path).items() if name != "MIDNIGHT_WITNESS_DIR"},
    ):
        assert python("-c", loaded, **inert) == "False\nFalse\n"


@pytest.mark.parametrize("option", ["-I", "-S", "-E"])
def test_options_that_switch_it_off_leave_python_as_it_is(option: str, tmp_path: Path) -> None:
    assert python(option, "-c", LISTENS, **given(tmp_path)) == "False\n"


@pytest.mark.parametrize("option", ["-s", "-P", "-X dev"])
def test_other_options_do_not_switch_it_off(option: str, tmp_path: Path) -> None:
    assert python(*option.split(), "-c", LISTENS, **given(tmp_path)) == "True\n"


def test_a_sitecustomize_behind_it_runs_as_if_it_were_the_first(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins\nbuiltins.hidden = __name__, __file__\n")
    variables = given(tmp_path)
    variables["PYTHONPATH"] += f":{tmp_path}"
    said = python(
        "-c", f"print(*hidden); import sitecustomize; print(sitecustomize.__file__); {LISTENS}", **variables
    )
    own = str(tmp_path / "sitecustomize.py")
    assert said == f"sitecustomize {own}\n{own}\nTrue\n"


def test_an_error_of_the_one_behind_it_is_printed_by_python_and_the_program_runs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("raise ValueError('its own')\n")
    alone = python("-c", "print('runs')", PYTHONPATH=str(tmp_path))
    variables = given(tmp_path)
    variables["PYTHONPATH"] += f":{tmp_path}"
    assert python("-c", "print('runs')", **variables) == alone
    assert "its own" in alone and "runs" in alone


def test_a_handler_that_the_application_sets_later_wins(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import signal\nsignal.signal(41, print)\n")
    variables = given(tmp_path)
    variables["PYTHONPATH"] += f":{tmp_path}"
    assert python("-c", "import signal; print(signal.getsignal(41) is print)", **variables) == "True\n"


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    starts = "import os, signal, sys; signal.signal(41, signal.SIG_IGN); os.execv(sys.executable, sys.argv)"
    said = python(
        "-I", "-c", starts, "-c", LISTENS.replace("print(", "print(signal.getsignal(41), "), **given(tmp_path)
    )
    assert said == "1 False\n"


def test_no_module_that_gevent_patches_is_loaded(tmp_path: Path) -> None:
    loaded = python("-S", "-c", "import sys; print(*sys.modules)")
    code = (
        "import sys, runpy; before = set(sys.modules); runpy.run_path(sys.argv[1]);"
        " print(*sorted({'threading', 'socket', 'ssl', 'subprocess', 'selectors', 'queue'} & set(sys.modules)))"
    )
    script = str(folder() / "sitecustomize.py")
    assert "threading" not in loaded
    assert (
        python(
            "-S",
            "-c",
            "import sys; sys.path.insert(0, sys.argv[2]);" + code,
            script,
            str(folder()),
            **given(tmp_path),
        )
        == "\n"
    )


def test_packages_installed_into_a_folder_are_no_application_but_those_beside_it_hide_nothing(
    tmp_path: Path,
) -> None:
    for folder_of in ("packages", "beside"):
        (tmp_path / folder_of / "some-1.0.dist-info").mkdir(parents=True)
    (tmp_path / "beside/main.py").write_text(
        "import sys; from midnight_witness import places\n"
        "print(*(places.is_application(f'{each}/x.py') for each in sys.argv[1:]))\n"
    )
    path = f"{folder()}:{tmp_path / 'packages'}:{tmp_path / 'beside'}"
    folders = [str(tmp_path / each) for each in ("packages", "beside", "elsewhere")]
    said = python(str(tmp_path / "beside/main.py"), *folders, PYTHONPATH=path)
    assert said.split() == ["False", "True", "True"]
