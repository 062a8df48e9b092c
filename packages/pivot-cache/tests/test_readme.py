import re
import subprocess
import sys
from pathlib import Path

_README = Path(__file__).parent.parent / "README.md"


def test_the_example_of_the_readme_runs(tmp_path):
    [source] = re.findall(r"```python\n(.*?)```", _README.read_text(encoding="utf-8"), re.DOTALL)
    done = subprocess.run([sys.executable, "-c", source], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "is not here" in done.stdout


def test_the_tests_that_the_readme_names_exist():
    for name in set(re.findall(r"`(test_\w+)`", _README.read_text(encoding="utf-8"))):
        assert Path(__file__).with_name(f"{name}.py").exists()
