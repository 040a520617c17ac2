"""What the board keeps of a log."""

from ttgbench.report.board.logs import told


def test_evaluations_in_a_row_are_told_as_their_last():
    keys = ["start", "evaluate", "recommend", "evaluate", "evaluate", "evaluate", "recommend", "evaluate", "end"]
    events = [{"event": name, "spent": spent} for spent, name in enumerate(keys)]
    kept = told(events)
    assert [event["event"] for event in kept] == ["start", *["evaluate", "recommend"] * 2, "evaluate", "end"]
    assert [event["spent"] for event in kept] == [0, 1, 2, 5, 6, 7, 8]
    assert [event.get("evaluations before") for event in kept] == [None, None, None, 2, None, None, None]
    assert events[5] == {"event": "evaluate", "spent": 5}, "what was given is not changed"
