"""Where the page gets its board: the last good state is kept. And what an upload is."""

from __future__ import annotations

import gzip
import shutil
import stat
import zipfile
from types import SimpleNamespace

import made_up
import pytest
from conftest import SUITES

from ttgbench.leaderboard.parts import source as sources
from ttgbench.leaderboard.parts.source import Source, local
from ttgbench.leaderboard.parts.table import exported, fetched
from ttgbench.leaderboard.parts.upload import examined
from ttgbench.problems.rules_version import RULES
from ttgbench.problems.suite import load_suite
from ttgbench.publish.archive import packed

real = sources.find_archives


def test_the_last_good_board_is_kept(board, tmp_path):
    folder = shutil.copytree(board.folder, tmp_path / "board")
    source = Source(local(folder))
    good = source.state.board
    assert good is not None
    (folder / "board.json").write_text("{")
    source.refresh()
    assert source.state.board is good
    assert "is not JSON" in source.state.problem
    shutil.copy(board.folder / "board.json", folder / "board.json")
    source.refresh()
    assert source.state.problem is None


@pytest.mark.parametrize("wanted", [None, 5, "text", [1], {}, {"runs": None}, {"runs": [{}, [1], None]}, {"runs": {}}])
def test_whatever_a_page_asks_for_gets_an_answer(board, wanted):
    source = Source(local(board.folder))
    assert isinstance(fetched(source, wanted), str)
    assert isinstance(exported(source, wanted), str)
    if isinstance(wanted, dict):
        for kind in ("csv", "json", "latex", ["csv"], {}):
            assert isinstance(exported(source, {**wanted, "format": kind}), str)


def test_new_archives_appear_and_nothing_is_built_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "find_archives", lambda folder, suites: real(folder, suites=SUITES))
    made_up.write_all(tmp_path, SUITES["made-up-v1"], made_up.METHODS[:1])
    source = Source(local(tmp_path))
    first = source.state.board
    source.refresh()
    assert source.state.board is first
    made_up.write_all(tmp_path, SUITES["made-up-v1"], made_up.METHODS[1:2])
    source.refresh()
    assert source.state.board.tables["runs"].num_rows == 2


def test_a_folder_that_is_not_there_is_said(tmp_path):
    source = Source(local(tmp_path / "nothing" / "there"))
    assert source.state.board is None
    assert "is not a folder of results" in source.state.problem


def test_a_hub_data_set_is_read_at_a_commit(board, hub):
    from huggingface_hub import HfApi

    HfApi().create_repo("someone/results", repo_type="dataset")
    where = {"repo_id": "someone/results", "repo_type": "dataset"}
    HfApi().upload_folder(**where, folder_path=board.folder, path_in_repo="board")
    source = Source(sources.hub("someone/results", "main"))
    assert source.state.problem is None
    assert source.state.board.hash == board.hash
    sha = HfApi().dataset_info("someone/results").sha
    assert source.state.version == sha
    HfApi().upload_file(**where, path_or_fileobj=b"{", path_in_repo="board/board.json")
    source.refresh()
    assert source.state.board.hash == board.hash
    assert "is not JSON" in source.state.problem
    assert Source(sources.hub("someone/results", sha)).state.board.hash == board.hash
    assert "cannot be reached" in Source(sources.hub("someone/nothing", "main")).state.problem


def pack(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, data)
    return path


def said(path):
    with examined(path) as verdict:
        return verdict.sentence, verdict.problems


def test_a_folder_with_the_name_of_a_record_is_no_results(tmp_path):
    with zipfile.ZipFile(tmp_path / "folder.zip", "w") as archive:
        archive.writestr("x/run.json/", "")
    _, problems = said(tmp_path / "folder.zip")
    assert "holds neither results" in problems[0]


def test_good_results_can_be_handed_in(results, tmp_path, monkeypatch):

    monkeypatch.setattr(
        "ttgbench.leaderboard.parts.upload.find_archives", lambda root, suites: real(root, suites=SUITES)
    )
    folder = results / "made-up-v1" / "made_up_alpha"
    files = {f"results/{path.relative_to(results)}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    sentence, problems = said(pack(tmp_path / "good.zip", files))
    assert sentence == "These results can be handed in: made_up_alpha on made-up-v1."
    assert problems == ()
    name = next(name for name in files if name.endswith("cells.jsonl.gz"))
    packed.write_lines(tmp_path / "edited", [gzip.decompress(files[name]).replace(b"0.12", b"0.13")])
    edited = (tmp_path / "edited").read_bytes()
    sentence, problems = said(pack(tmp_path / "bad.zip", {**files, name: edited}))
    assert sentence == "This cannot be handed in."
    assert "hash-mismatch" in problems[0]


def test_what_packed_files_hold_counts_as_well(tmp_path):
    packed.write_lines(tmp_path / "bomb", (b"\0" * (1 << 20) for _ in range(100)))
    names = [f"a-v1/b/{number:016x}/logs.jsonl.gz" for number in range(3)]
    files = {"a-v1/b/0000000000000000/run.json": b"{}"} | dict.fromkeys(names, (tmp_path / "bomb").read_bytes())
    [problem] = said(pack(tmp_path / "bombs.zip", files))[1]
    assert problem.startswith(f"{names[2]}: unpacks to more than")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"hello.txt": b"x"}, "holds neither results"),
        ({"../run.json": b"{}"}, "is no name for a file of results"),
        ({"/abs/run.json": b"{}"}, "is no name for a file of results"),
        ({"a-v1/b/0000000000000000/run.json": b"0" * (2 << 20)}, "larger than is allowed"),
        ({"submission.yaml": b"name: UPPER CASE\n", "method.py": b""}, "submission.yaml"),
        ({"submission.yaml": b"name: [\n", "method.py": b""}, "is not valid YAML"),
        ({"a-v1/b/0000000000000000/run.json": b"{}"}, "is missing"),
    ],
)
def test_bad_uploads_are_explained(files, why, tmp_path):
    sentence, problems = said(pack(tmp_path / "bad.zip", files))
    assert sentence == "This cannot be handed in."
    assert why in problems[0]


def test_what_is_no_zip_is_said(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(b"not a zip")
    assert "is no usable zip file" in said(path)[1][0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_results_are_handed_in_with_the_login_of_who_is_there(results, tmp_path, monkeypatch, hub):
    pytest.importorskip("gradio", reason="needs the extra `leaderboard`")
    from huggingface_hub import HfApi

    from ttgbench.leaderboard.pages.submit import hand_in

    monkeypatch.setattr(
        "ttgbench.leaderboard.parts.upload.find_archives", lambda root, suites: real(root, suites=SUITES)
    )
    monkeypatch.setenv("TTGBENCH_RESULTS_REPO", "someone/results")
    HfApi().create_repo("someone/results", repo_type="dataset")
    (folder,) = (results / "made-up-v1" / "made_up_alpha").iterdir()
    assert (folder / "verification.json").is_file()
    files = {f"results/{path.relative_to(results)}": path.read_bytes() for path in folder.iterdir()}
    path = pack(tmp_path / "good.zip", files)
    assert "Sign in first" in hand_in(str(path), None)
    said = hand_in(str(path), SimpleNamespace(token=hub.token))
    assert "Handed in" in said
    listed = HfApi().list_repo_files("someone/results", repo_type="dataset", revision="refs/pr/1")
    inside = [name for name in listed if name.startswith("results/")]
    assert sorted(name.rsplit("/", 1)[1] for name in inside) == ["cells.jsonl.gz", "logs.jsonl.gz", "run.json"]
    assert "The Hub did not take it" in hand_in(str(path), SimpleNamespace(token="hf_wrong"))


def test_a_packed_submission_is_recognised(tmp_path):
    from ttgbench.methods.submission.pack import pack as pack_submission
    from ttgbench.util.plugins import bundled_folder

    path = tmp_path / "packed.zip"
    path.write_bytes(pack_submission(bundled_folder("submissions") / "random_search"))
    sentence, problems = said(path)
    assert sentence.startswith("A well-formed submission: random_search")
    assert problems == ()


def test_without_settings_the_shipped_board_is_shown(monkeypatch):
    """It is that of the suites and rules as they are, or every row says under which rules it was made."""
    for name in ("TTGBENCH_RESULTS_DIR", "TTGBENCH_RESULTS_REPO"):
        monkeypatch.delenv(name, raising=False)
    state = Source.from_environment().state
    assert state.problem is None
    shown = {label: facts["hash"] for label, facts in state.board.manifest["suites"].items()}
    assert set(shown) == {"synthetic-v1", "recorded-micro-v1"}
    made = {row["rules"] for row in state.board.rows("methods")}
    assert made == {RULES} or RULES not in made
    if RULES in made:
        assert shown == {label: load_suite(label).hash for label in shown}
    assert {row["rank_best"] for row in state.board.rows("methods", suite="recorded-micro-v1")} == {None}
    assert len(state.board.rows("runs", suite="synthetic-v1")) >= 17
