"""YAML that people wrote: one clear error for each thing that can be wrong, in time that grows with the file."""

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

import ttgbench
from ttgbench.errors import InputError
from ttgbench.util import yaml_input
from ttgbench.util.yaml_input import read_yaml, validation_message


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
        ("a: &b [1]\nc: *b", "aliases are not allowed"),
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


@pytest.mark.parametrize("text", ["a: " + "[" * 500_000, "{a: " * 200_000, "a: " + "[" * 900 + "]" * 900])
def test_nesting_without_end_is_refused(tmp_path, text):
    path = tmp_path / "deep.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match="is not valid YAML"):
        read_yaml(path)


def test_files_of_the_package_are_read_alike_by_both_parsers():
    files = list(Path(ttgbench.__file__).parent.rglob("*.yaml"))
    assert len(files) > 15
    for path in files:
        text = path.read_text("utf-8")
        assert yaml_input._is_plain(text)
        assert yaml.load(text, Loader=yaml_input._LibYAML) == yaml.load(text, Loader=yaml_input._Python)


class _Part(BaseModel):
    name: str


class _Whole(BaseModel):
    parts: tuple[_Part, ...] = Field(min_length=1)
    size: int

    @model_validator(mode="after")
    def _even(self) -> "_Whole":
        if self.size % 2:
            raise ValueError("size: must be even")
        return self


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"size": 2}, "parts: Field required"),
        ({"parts": [], "size": 2}, "parts: Tuple should have at least 1 item after validation, not 0 (got a list)"),
        ({"parts": [{}], "size": 2}, "parts.0.name: Field required"),
        ({"parts": [{"name": {"a": 1}}], "size": 2}, "parts.0.name: Input should be a valid string (got a mapping)"),
        ({"parts": [{"name": "a"}], "size": 3}, "size: must be even"),
        (3, "top level: Input should be a valid dictionary or instance of _Whole (got 3)"),
        ("x" * 99, f"top level: Input should be a valid dictionary or instance of _Whole (got '{'x' * 39}...)"),
    ],
)
def test_a_wrong_field_is_named_once_and_without_a_dump(data, message):
    with pytest.raises(ValidationError) as caught:
        _Whole.model_validate(data)
    assert validation_message(caught.value) == message
