"""Words of a command line are cleaned like any other text; files are named as they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHOW = """
import importlib.machinery, importlib.util, sys
loader = importlib.machinery.SourceFileLoader("run_task", {path!r})
module = importlib.util.module_from_spec(importlib.util.spec_from_loader("run_task", loader))
loader.exec_module(module)
module.set_up = lambda _lock: None
module.TASKS["show"] = lambda: None
module.commands = lambda: lambda prog_name: print(ascii(sys.argv[1:]))
module.main()
"""


def test_what_is_pasted_into_a_command_holds_nothing_that_nobody_sees(tmp_path: Path) -> None:
    odd = tmp_path / "区划\u200b.csv"
    odd.write_text("")
    words = ["show", "--login", "dis\u200btrict\ufeff", "--name", "e\u0301", str(odd)]
    script = SHOW.format(path=str(ROOT / "run"))
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=dict(os.environ),
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ascii(["show", "--login", "district", "--name", "é", str(odd)])
