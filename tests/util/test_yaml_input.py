"""YAML that people wrote: one clear error for each thing that can be wrong, in time that grows with the file."""

import pytest
import yaml

from ttgbench.errors import InputError
from ttgbench.util.yaml_input import read_yaml


@pytest.mark.timeout(60)  # minutes, where each key is compared with every other
def test_a_mapping_of_many_keys(tmp_path):
    path = tmp_path / "many.yaml"
    path.write_text("".join(f"k{number}: 1\n" for number in range(40_000)))
    assert len(read_yaml(path)) == 40_000


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\nb: 2\na: 3", "key given twice: a"),
        ('text: "\\ud800"', "half of a surrogate pair"),
        ("text: a\0b", "special characters are not allowed"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, text, reason):
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=reason) as caught:
        read_yaml(path)
    assert "\n" not in str(caught.value)


def test_whole_pairs_are_text(tmp_path):
    path = tmp_path / "right.yaml"
    path.write_text(yaml.safe_dump({"text": "\U0001f600"}))
    assert read_yaml(path) == {"text": "\U0001f600"}
