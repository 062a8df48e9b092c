import json

from click.testing import CliRunner

from pivot.cli import cli


def test_the_schema_of_pivot_yaml_is_json() -> None:
    result = CliRunner().invoke(cli, ["schema"])
    assert result.exit_code == 0
    assert "stages" in json.loads(result.stdout)["properties"]
