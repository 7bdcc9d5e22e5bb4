"""Model quality of answers of every form: what is measured, and what is said where it cannot be."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.drift_tools.open_box import HOUR, QUALITY, Box
from tests.drift_tools.records import label, record, side, write

TRUTH = [at % 2 for at in range(40)]
BARE: dict[str, str | None] = {
    **QUALITY, "inference_attribute": None, "probability_attribute": None, "publish_cloudwatch_metrics": "Disabled"
}  # fmt: skip


class Answers:
    """A model's answers and labels, measured."""

    def __init__(self, folder: Path) -> None:
        self.box = Box(folder)

    def measured(self, answers: list[Any], labels: list[Any] = TRUTH, **environment: str) -> dict[str, Any] | None:
        """The metrics; None if the run failed."""
        sides = [answer if isinstance(answer, str) else side(json.dumps(answer), "JSON") for answer in answers]
        lines = [record("9,8", answer, event_id=f"e{at}") for at, answer in enumerate(sides)]
        write(self.box.captured / HOUR / "a.jsonl", lines)
        truth = [label(f"e{at}", str(value)) for at, value in enumerate(labels)]
        write(self.box.processing / "input" / "ground_truth" / "l.jsonl", truth)
        if self.box.scheduled(**BARE | environment) != 0:
            return None
        (metrics,) = (
            value
            for name, value in json.loads((self.box.output / "statistics.json").read_bytes()).items()
            if name.endswith("_metrics")
        )
        return {name: metric["value"] for name, metric in metrics.items() if "value" in metric}


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    return Answers(tmp_path)


@pytest.mark.parametrize(
    ("form", "environment", "auc"),
    [
        (lambda y: f"{0.9 if y else 0.1}", {"probability_attribute": "0"}, 1.0),
        (lambda y: f"{y},0.5", {"inference_attribute": "0", "probability_attribute": "1"}, 0.5),
        (lambda y: f"{y}", {"inference_attribute": "0"}, None),
        (
            lambda y: {"label": y, "score": y / 2},
            {"inference_attribute": "label", "probability_attribute": "score"},
            1.0,
        ),
        (
            lambda y: {"predictions": [{"score": y / 2, "label": y}]},
            {"inference_attribute": "predictions[0].label", "probability_attribute": "predictions[0].score"},
            1.0,
        ),
        (lambda y: [y, 0.5], {"inference_attribute": "[0]", "probability_attribute": "[1]"}, 0.5),
        (lambda y: {"data": {"score": 0.2 + y / 2}}, {"probability_attribute": "data.score"}, 1.0),
        (lambda y: {"p": [0.4 + y / 2, 0.3]}, {"probability_attribute": "max(p)"}, 1.0),
        (lambda y: "yes" if y else "no", {"inference_attribute": "0"}, None),
    ],
)
def test_a_perfect_model_is_perfect_in_every_form(
    answers: Answers, form: Any, environment: dict[str, str], auc: float | None
) -> None:
    labels: list[Any] = ["yes" if y else "no" for y in TRUTH] if form(1) == "yes" else TRUTH
    metrics = answers.measured([form(y) for y in TRUTH], labels, **environment)
    assert metrics is not None, answers.box.message
    assert (metrics["accuracy"], metrics["f1"], metrics.get("auc")) == (1.0, 1.0, auc)
    assert answers.box.message == "Completed: Job completed successfully with no violations."


@pytest.mark.parametrize("position", ["1", "2", "3"])
def test_a_position_is_one_of_the_answer_and_never_a_feature_or_the_label(answers: Answers, position: str) -> None:
    metrics = answers.measured([str(1 - y) for y in TRUTH], inference_attribute="0", probability_attribute=position)
    assert metrics is not None
    assert metrics["accuracy"] == 0.0
    assert "auc" not in metrics
    assert answers.box.message.endswith(
        f" There is no auc: the answers have 1 column, and probability_attribute is '{position}'."
    )
    assert answers.measured([str(y) for y in TRUTH], inference_attribute=position) is None
    assert answers.box.message == (
        f"Error: inference_attribute is '{position}', and the columns are _c0: name one of them or give its position"
    )


@pytest.mark.parametrize(
    ("said", "labels"),
    [
        (lambda y: f"[{y}]", TRUTH),
        (lambda y: "Yes" if y else "No", ["yes" if y else "no" for y in TRUTH]),
        (str, ["yes" if y else "no" for y in TRUTH]),
        (str, [at % 3 for at in range(40)]),
        (lambda _: "yes", [1] * 40),
    ],
)
def test_a_binary_problem_of_more_than_two_spellings_fails(answers: Answers, said: Any, labels: list[Any]) -> None:
    assert answers.measured([said(y) for y in TRUTH], labels, inference_attribute="0") is None
    assert ", which is not one set of two classes: spell them alike in the labels" in answers.box.message


def test_an_hour_in_which_everything_is_wrong_is_measured(answers: Answers) -> None:
    metrics = answers.measured(["1"] * 40, [0] * 40, inference_attribute="0")
    assert metrics is not None
    assert metrics["accuracy"] == 0.0
    metrics = answers.measured(["legit"] * 40, ["fraud"] * 40, inference_attribute="0", positive_label="fraud")
    assert metrics is not None
    assert metrics["recall"] == 0.0
    assert answers.measured(["legit"] * 40, ["fraud"] * 40, inference_attribute="0", positive_label="x") is None


@pytest.mark.parametrize(
    ("answer", "environment", "says"),
    [
        ("1,86", {"inference_attribute": "0", "probability_attribute": "1"},
         "probability_attribute names values that are no probabilities: 40 of 40 are not from 0 to 1, such as 86"),
        ("1,-0.1", {"inference_attribute": "0", "probability_attribute": "1"}, "are not from 0 to 1, such as -0.1"),
        ('1,"[0.9, 0.1]"', {"inference_attribute": "0", "probability_attribute": "1"},
         "probability_attribute names values that are no numbers, such as '[0.9, 0.1]': name the column of the number"),
        ('"[0.9, 0.1]"', {"inference_attribute": "0", "problem_type": "MulticlassClassification"},
         "and the predictions '[0.9, 0.1]', which is not one set of classes"),
        ("a", {"inference_attribute": "0", "problem_type": "Regression"},
         "inference_attribute names values that are no numbers, such as 'a'"),
        ({"label": 1}, {"inference_attribute": "a.b"}, "40 x a.b finds nothing in the answer"),
        ({"label": 1}, {"inference_attribute": "labels"}, "inference_attribute is 'labels', and the columns are label"),
        ("1", {}, "neither inference_attribute nor probability_attribute is given"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_said_in_one_line(
    answers: Answers, answer: object, environment: dict[str, str], says: str
) -> None:
    assert answers.measured([answer] * 40, TRUTH, **environment) is None
    assert says in answers.box.message


def test_rows_without_a_finite_label_are_counted(answers: Answers) -> None:
    environment = {"inference_attribute": "0", "problem_type": "Regression"}
    metrics = answers.measured(["1.5", "2.5", "3.5"], ["1", "1e999", "3"], **environment)
    assert metrics is not None
    assert metrics["mae"] == 0.5
    assert answers.box.message.endswith(" 1 of 3 rows were left out: they have no usable label or prediction.")


def test_answers_without_any_probability_have_no_auc(answers: Answers) -> None:
    metrics = answers.measured(["1,"] * 40, [1] * 40, inference_attribute="0", probability_attribute="1")
    assert metrics is not None
    assert answers.box.message.endswith(" There is no auc: no answer has a probability.")


def test_labels_with_commas_are_whole(answers: Answers) -> None:
    cities = ['"New York, NY"', '"Washington, DC"']
    environment = {"inference_attribute": "0", "problem_type": "MulticlassClassification"}
    metrics = answers.measured([cities[y] for y in TRUTH], [cities[y] for y in TRUTH], **environment)
    assert metrics is not None
    assert metrics["accuracy"] == 1.0
    assert answers.measured([cities[y] for y in TRUTH], ["New York, NY"] * 40, **environment) is None
    assert "40 x a label of several columns: quote a text that holds a comma" in answers.box.message


def test_labels_that_cannot_be_read_are_no_missing_labels(answers: Answers) -> None:
    answers.measured(["1"] * 40, inference_attribute="0")
    path = answers.box.processing / "input" / "ground_truth" / "l.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, "{'a': 1}"]))
    assert answers.box.scheduled(**BARE | {"inference_attribute": "0"}) == 0
    assert answers.box.message.endswith(f"; the first is {path}, line 41.")
    path.write_text("[" + ",".join(lines) + "]")
    assert answers.box.scheduled(**BARE | {"inference_attribute": "0"}) == 1
    assert answers.box.message.startswith("Error: 1 of 1 lines of the labels cannot be read (1 x a JSON array: write")


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (lambda text: text.encode("utf-16"), "40 x no text (UTF-16, Parquet or an archive?): write JSON Lines"),
        (lambda text: text.replace("CSV", "gr\xfcn").encode("latin-1"), "40 x not UTF-8: write JSON Lines in UTF-8"),
        (lambda text: re.sub(r".+", "e1,1", text).encode(), "40 x CSV, it seems: drift_tools ground-truth writes"),
        (lambda text: text.replace("eventId", "event_id").encode(), "40 x no eventMetadata.eventId: there are event"),
        (lambda text: text.replace('"encoding"', '"data":"1","encoding"').encode(), "40 x 'data' stands twice in one"),
        (lambda text: text.replace('"data": "', '"data": ["').replace('", "enc', '"], "enc').encode(),
         "40 x data is a JSON array: write it as text"),
        (lambda text: gzip.compress(text.encode())[:90], "1 x gzip file is cut short or damaged"),
        (lambda text: text.replace("}\n", "},\n").encode(), "x JSON over several lines, or an array: write one"),
    ],
)  # fmt: skip
def test_a_broken_file_of_labels_is_told_as_that(answers: Answers, broken: Any, says: str) -> None:
    answers.measured(["1"] * 40, inference_attribute="0")
    path = answers.box.processing / "input" / "ground_truth" / "l.jsonl"
    path.write_bytes(broken(path.read_text()))
    assert answers.box.scheduled(**BARE | {"inference_attribute": "0"}) == 1
    message = answers.box.message
    assert message.startswith("Error: ")
    assert " lines of the labels cannot be read (" in message
    assert says in message
    assert f"; the first is {path}, line " in message
    assert "inferenceId" not in message


def test_a_file_of_labels_without_a_line(answers: Answers) -> None:
    answers.measured(["1"] * 40, inference_attribute="0")
    (answers.box.processing / "input" / "ground_truth" / "l.jsonl").write_text("\n \n")
    assert answers.box.scheduled(**BARE | {"inference_attribute": "0"}) == 1
    assert answers.box.message.startswith("Error: the labels' files hold no line: write them anew with drift_tools gr")


@pytest.mark.parametrize("segments", [{}, {"segments": "_c1"}])
def test_a_label_of_more_rows_than_the_answer_is_the_labels_fault(answers: Answers, segments: dict[str, str]) -> None:
    environment = {"inference_attribute": "0", **segments}
    assert answers.measured(["1"] * 40, ["1\n0"] * 40, **environment) is None
    path = answers.box.processing / "input" / "ground_truth" / "l.jsonl"
    says = "the label has another number of rows than the answer: fix the labels' file"
    assert f"(40 x {says})" in answers.box.message
    assert f"a.jsonl, line 1: {says}, {path}, line 1: fix" in answers.box.message
    # Of several for one id the last one counts, and one that nobody can read has no say.
    labels = [label("e7", "1"), "", label("e9", "1\n0"), label("e8", "1\n1"), label("e7", "0\n1"), "{'e7': 1}"]
    write(path.with_name("m.jsonl"), labels)
    lines = path.read_text().replace("1\\n0", "1")
    path.write_text(lines)
    assert answers.box.scheduled(**BARE | environment | {"max_unreadable_share": "0.1"}) == 0
    first = f"; the first: a.jsonl, line 8: {says}, {path.with_name('m.jsonl')}, line 5."
    assert f" 3 of 40 records were skipped: 3 x {says}{first}" in answers.box.message
    problems = json.loads((answers.box.output / "drift.json").read_bytes())["records"]["problems"]
    assert [problem["reason"].rpartition(", ")[2] for problem in problems] == ["line 5", "line 4", "line 3"]


@pytest.mark.parametrize("segments", [{}, {"segments": "_c1"}])
def test_labels_of_others_say_whose_they_are(answers: Answers, segments: dict[str, str]) -> None:
    answers.measured(["1"] * 40, inference_attribute="0")
    path = answers.box.processing / "input" / "ground_truth" / "l.jsonl"
    write(path, [label("somebody", "1")])
    assert answers.box.scheduled(**BARE | segments | {"inference_attribute": "0"}) == 1
    assert answers.box.message.startswith(
        "Error: none of 40 captured records has a label (1 were read, the first for 'somebody'; the first record is "
        "'e0'): check that"
    )
