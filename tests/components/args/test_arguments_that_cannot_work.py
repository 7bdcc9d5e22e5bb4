"""What is refused before the first resource is made: what AWS, the provider or common sense would not take."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.args import (
    AlertingSettings,
    ArgumentError,
    BaselineSettings,
    BiasSettings,
    DataQualitySettings,
    ModelQualitySettings,
    StackSettings,
    common_settings,
    endpoint_settings,
)
from components.args.bounds import DATA_QUALITY_DEFINITION

TARBALL = b"\x1f\x8bmodel"


@pytest.fixture
def stack(tmp_path: Path) -> Any:
    (tmp_path / "model.tar.gz").write_bytes(TARBALL)
    return {
        "endpoint": {"model": pulumi.FileAsset(str(tmp_path / "model.tar.gz"))},
        "baseline": {"data": pulumi.StringAsset("a,b\n1,2\n")},
    }


def refusal(make: Any, *args: Any) -> str:
    with pytest.raises(ArgumentError) as caught:
        make(*args)
    assert "\n" not in str(caught.value)
    return str(caught.value)


class TestBoundsOfTheProvider:
    @pytest.mark.parametrize("engine", ["model-monitor", "both"])
    @pytest.mark.parametrize(("key", "value"), [("max_runtime_in_seconds", 7200), ("volume_size_in_gb", 1024)])
    def test_what_it_does_not_take_is_refused(self, stack: Any, engine: str, key: str, value: int) -> None:
        monitor = {"schedule_expression": "cron(0 6 ? * * *)", key: value}
        said = refusal(StackSettings.from_args, "churn", {**stack, "engine": engine, "data_quality": monitor})
        least, most = DATA_QUALITY_DEFINITION[key]
        assert said == (
            f"data_quality.{key} is {value}: with Model Monitor pulumi-aws takes {least} to {most}; lower it, or set "
            "engine to open"
        )

    def test_the_open_engine_takes_it(self, stack: Any) -> None:
        monitor = {
            "schedule_expression": "cron(0 6 ? * * *)",
            "max_runtime_in_seconds": 7200,
            "volume_size_in_gb": 1024,
        }
        args: Any = {**stack, "engine": "open", "data_quality": monitor}
        found = StackSettings.from_args("churn", args)
        assert (quality := found.of(DataQualitySettings)) is not None
        assert quality.max_runtime_in_seconds == 7200


class TestWhatTheCommandLineMakesOfValues:
    """`pulumi config set` keeps whole numbers and truth values as such, and all else as text."""

    def test_decimals(self, stack: Any) -> None:
        given: Any = {**stack, "engine": "open", "open_engine": {"false_alarms_per_year": "0.5", "late_hours": "12"}}
        found = StackSettings.from_args("churn", given).open_engine
        assert found is not None
        assert (found.false_alarms_per_year, found.late_hours) == (0.5, 12)

    @pytest.mark.parametrize("text", ["half", "1,5", "nan", "inf", "0x10", "", "1_0", "٣"])
    def test_text_that_is_no_number(self, stack: Any, text: str) -> None:
        given: Any = {**stack, "engine": "open", "open_engine": {"false_alarms_per_year": text}}
        assert "must be a number" in refusal(StackSettings.from_args, "churn", given)

    @pytest.mark.parametrize(("value", "text"), [(4711, "4711"), (8080.0, "8080"), (True, "true"), (0.25, "0.25")])
    def test_numbers_that_are_texts(self, stack: Any, value: Any, text: str) -> None:
        assert common_settings({"tags": {"cost": value}}).tags == {"cost": text}
        settings = endpoint_settings({**stack["endpoint"], "environment": {"PORT": value}})
        assert settings.environment == {"PORT": text}  # type: ignore[union-attr]
        quality = ModelQualitySettings.from_args({"problem_type": "BinaryClassification", "positive_label": value})
        assert quality.positive_label == text


class TestConfigurationsThatCannotWork:
    def test_a_window_that_ends_before_it_begins(self) -> None:
        args: Any = {"problem_type": "Regression", "start_time_offset": "-P1D", "end_time_offset": "-P2D"}
        assert "the window would end before it begins" in refusal(ModelQualitySettings.from_args, args)
        args["end_time_offset"] = "-P1D"
        assert "the window would end before it begins" in refusal(ModelQualitySettings.from_args, args)

    def test_a_column_twice(self) -> None:
        args: Any = {"data": pulumi.StringAsset("a,b,a\n1,2,3\n")}
        assert "baseline.data has the column 'a' twice" in refusal(BaselineSettings.from_args, args)

    def test_an_address_twice(self) -> None:
        args: Any = {"emails": ["team@example.com", "Team@example.com"]}
        assert "has 'team@example.com' twice" in refusal(AlertingSettings.from_args, args)

    def test_a_subscription_twice(self) -> None:
        item = {"protocol": "sms", "endpoint": "+4917012345678"}
        args: Any = {"subscriptions": [{**item, "name": "a"}, {**item, "name": "b"}]}
        assert "subscriptions[1] is alerting.subscriptions[0] again" in refusal(AlertingSettings.from_args, args)

    @pytest.mark.parametrize(
        ("policy", "words"),
        [
            ({"severity": ["critical"]}, "there is no such alarm"),
            ({"state": ["OK"]}, "set notify_on_ok to true"),
            ({"state": ["Alarm"]}, "there are ALARM, OK"),
        ],
    )
    def test_a_filter_that_lets_nothing_through(self, policy: dict[str, Any], words: str) -> None:
        item = {"protocol": "sms", "endpoint": "+4917012345678", "filter_policy": policy}
        args: Any = {"subscriptions": [item], "notify_on_ok": False}
        assert words in refusal(AlertingSettings.from_args, args)

    def test_a_filter_that_lets_something_through(self) -> None:
        policy = {"severity": ["critical"], "state": ["OK"]}
        item = {"protocol": "sms", "endpoint": "+4917012345678", "filter_policy": policy}
        critical = {"critical": {"threshold": 5}}
        args: Any = {"subscriptions": [item], "notify_on_ok": True, "violations": critical}
        [found] = AlertingSettings.from_args(args).subscriptions
        assert found.filter_policy == {"severity": ("critical",), "state": ("OK",)}

    @pytest.mark.parametrize("tags", [{"team": "risk & co"}, {"te*am": "risk"}, {"team": "a;b"}])
    def test_characters_that_tags_may_not_have(self, tags: dict[str, str]) -> None:
        assert "in tags" in refusal(lambda: common_settings({"tags": tags}))

    def test_tags_of_any_script(self) -> None:
        tags = {"équipe": "Größe_1.0:/=+-@ ok"}
        assert common_settings({"tags": tags}).tags == tags


class TestAttributes:
    @pytest.mark.parametrize(
        ("problem_type", "attributes", "said"),
        [
            (
                "BinaryClassification",
                {"inference_attribute": "predictions[0].label", "probability_attribute": "1"},
                "model_quality.probability_attribute is '1': position 1 beside the JMESPath predictions[0].label: an "
                "answer does not have both; write a JMESPath too, such as [1]",
            ),
            (
                "MulticlassClassification",
                {"probability_attribute": "predictions[0].score"},
                "model_quality.inference_attribute is None: position 0, the default, beside the JMESPath "
                "predictions[0].score: an answer does not have both; write a JMESPath too, such as [0]",
            ),
        ],
    )
    def test_a_position_beside_a_path_is_refused(
        self, problem_type: str, attributes: dict[str, str], said: str
    ) -> None:
        args: Any = {"problem_type": problem_type, **attributes}
        assert refusal(ModelQualitySettings.from_args, args) == said

    @pytest.mark.parametrize("key", ["inference_attribute", "probability_attribute"])
    def test_a_path_that_cannot_be_parsed_is_refused_with_its_place(self, key: str) -> None:
        args: Any = {"problem_type": "BinaryClassification", key: "predictions[0]score"}
        said = (
            "predictions[0]score is a JMESPath that cannot be parsed: 's' at character 15 cannot stand there; correct "
            "it (a key with such characters is written in double quotes)"
        )
        assert refusal(ModelQualitySettings.from_args, args) == f"model_quality.{key}: {said}"
        bias: Any = {
            "facets": [],
            "features": ["sex"],
            "baseline": {"existing": {"constraints_uri": "s3://bucket/baseline/constraints.json"}},
        }
        assert refusal(BiasSettings.from_args, {**bias, key: "predictions[0]score"}) == f"bias.{key}: {said}"

    def test_a_class_whose_path_cannot_be_parsed_is_named(self) -> None:
        args: Any = {
            "problem_type": "MulticlassClassification",
            "inference_attribute": "label",
            "class_probabilities": {"good": "scores[0]", "bad": "scores[1"},
        }
        assert refusal(ModelQualitySettings.from_args, args).startswith(
            "model_quality.class_probabilities.bad: scores[1 is a JMESPath that cannot be parsed: it ends too early;"
        )

    @pytest.mark.parametrize(
        "attributes",
        [
            {"inference_attribute": "predictions[0].label", "probability_attribute": "predictions[0].score"},
            {"inference_attribute": "predictions[0].label", "probability_attribute": "score"},
            {"inference_attribute": "risk-class", "probability_attribute": "1"},
            {"probability_attribute": "predictions[0].score"},
        ],
    )
    def test_what_can_be_found_is_taken(self, attributes: dict[str, str]) -> None:
        args: Any = {"problem_type": "BinaryClassification", **attributes}
        assert ModelQualitySettings.from_args(args).probability_attribute == attributes["probability_attribute"]


class TestExcludedFeatures:
    @pytest.mark.parametrize("engine", ["model-monitor", "both"])
    def test_model_monitors_definition_has_no_room_for_them(self, stack: Any, engine: str) -> None:
        args = {**stack, "engine": engine, "data_quality": {"exclude_features": ["a"]}}
        assert refusal(StackSettings.from_args, "churn", args) == (
            "data_quality.exclude_features: pulumi-aws has no such argument for Model Monitor; set engine to open, or "
            "give the features in data_quality.thresholds.ignored_features"
        )

    @pytest.mark.parametrize("names", ["a,b", ["a,b"], [""], [1]])
    def test_what_is_no_list_of_names_is_refused(self, stack: Any, names: Any) -> None:
        args = {**stack, "engine": "open", "data_quality": {"exclude_features": names}}
        assert "exclude_features" in refusal(StackSettings.from_args, "churn", args)

    def test_the_open_engine_takes_them(self, stack: Any) -> None:
        args: Any = {**stack, "engine": "open", "data_quality": {"exclude_features": ["a", "0"]}}
        found = StackSettings.from_args("churn", args).of(DataQualitySettings)
        assert found is not None
        assert found.exclude_features == ("a", "0")


FEATURE = '{"name": "a", "inferred_type": "Integral"%s}'
QUALITY = '{"regression_constraints": {"%s": {"threshold": %s, "comparison_operator": "%s"%s}}}'


class TestFilesOfABaseline:
    """A file that people changed by hand is read before it is uploaded, with the rules of the run that will read it."""

    @pytest.mark.parametrize(
        ("constraints", "says"),
        [
            ('{"features": [%s], "monitoring_config": {"evaluate_constraints": "Of"}}' % (FEATURE % ""),
             "evaluate_constraints is 'Of': give Enabled or Disabled"),
            ('{"features": [%s], "monitoring_config": {"evaluate": "Disabled"}}' % (FEATURE % ""),
             "monitoring_config has 'evaluate' ('Disabled'), which nothing reads: there are evaluate_constraints,"),
            ('{"features": [%s]}' % (FEATURE % ', "completeness": 99'),
             "feature a: completeness is 99: give a number from 0 to 1 (0.99 for 99 %)"),
            ('{"features": [' + ", ".join([FEATURE % ""] * 2) + "]}", "feature a comes twice: keep one of them"),
            ('{"features": [{"name": "a", "inferred_type": "Float"}]}', "feature a: inferred_type is 'Float': give"),
            ('{"features": [%s], "monitoring_config": {}, "monitoring_config": {}}' % (FEATURE % ""),
             "'monitoring_config' stands twice in one object: keep one of the two"),
        ],
    )  # fmt: skip
    def test_of_data_quality(self, stack: Any, constraints: str, says: str) -> None:
        statistics = pulumi.StringAsset('{"features": [{"name": "a", "inferred_type": "Integral"}]}')
        baseline = {"statistics": statistics, "constraints": pulumi.StringAsset(constraints)}
        said = refusal(StackSettings.from_args, "churn", {**stack, "baseline": baseline})
        assert said.startswith(f"baseline.constraints: {says}")

    @pytest.mark.parametrize(
        ("values", "says"),
        [
            (("mae", "0.5", "LessThan", ""), "comparison_operator is 'LessThan' for mae: give GreaterThanThreshold or"),
            (("maee", "0.5", "LessThanThreshold", ""), "maee is no metric of a Regression: write mae"),
            (("mae", "NaN", "LessThanThreshold", ""), "threshold is nan for mae: give a finite number"),
            (("mae", "0.5", "LessThanThreshold", ', "off": true'), "mae has 'off' (True), which nothing reads: there"),
        ],
    )
    def test_of_model_quality(self, values: tuple[str, ...], says: str) -> None:
        args: Any = {
            "problem_type": "Regression",
            "baseline": {"constraints": pulumi.StringAsset(QUALITY % values)},
        }
        said = refusal(ModelQualitySettings.from_args, args)
        assert said.startswith(f"model_quality.baseline.constraints: regression_constraints: {says}")
