"""What was set with `--secret` is in plain text nowhere: not in state, history, events, messages or outputs."""

from pathlib import Path

import pytest

from deployment.errors import AutomationError
from tests.engine.lab import NO_CHECKPOINTS, Lab

# Where a person may put one; a text that is nowhere else, and that AWS takes there.
SECRETS = {
    "monitoring.endpoint.environment.TOKEN": "hush-token-1",
    "monitoring.endpoint.environment.PASSWORD": "hush-token-2",
    "alert_emails[0]": "hush.person-3@example.com",
    "alert_emails[1]": "hush.person-4@example.com",
    "monitoring.alerting.subscriptions[0].endpoint": "https://events.example.com/integration/HUSH-5/enqueue",
    "monitoring.alerting.subscriptions[2].endpoint": "+4917012345676",
    "monitoring.alerting.subscriptions[3].endpoint": "hush.person-9@example.com",
    "monitoring.alerting.subscriptions[1].endpoint": "https://chat.example.com/hooks/HUSH-7?key=HUSH-8",
    "monitoring.tags.owner": "hush.tag-10",
    "monitoring.tags.cost-centre": "hush.tag-11",
    "monitoring.alerting.subscriptions[4].endpoint": "https://events.example.com/HUSH-12",
}
PROTOCOLS = ("https", "https", "sms", "email-json", "https")
TEXTS = [
    "hush-token-1",
    "hush-token-2",
    "hush.person-3",
    "hush.person-4",
    "HUSH-5",
    "HUSH-7",
    "HUSH-8",
    "4917012345676",
    "hush.person-9",
    "hush.tag-10",
    "hush.tag-11",
    "HUSH-12",
]
# `alert_emails` and this one name the same thing, and only one of them may be given.
IN_MONITORING = "monitoring.alerting.emails[0]"


@pytest.fixture(autouse=True)
def passphrase(lab: Lab) -> None:
    """What keeps them where nobody says anything."""
    lab.secrets_provider = ""


@pytest.mark.usefixtures("checkpoints")
def test_no_secret_is_anywhere_in_plain_text(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.breaks = (".example.com/",)  # SNS posts on this machine only
    environment = lab.environment("dev")
    plain = {f"monitoring.alerting.subscriptions[{i}].protocol": kind for i, kind in enumerate(PROTOCOLS)}
    plain |= {f"monitoring.alerting.subscriptions[{i}].name": f"receiver-{i}" for i in range(len(PROTOCOLS))}
    environment.configure(plain, {"alert_emails[0]": SECRETS["alert_emails[0]"]})
    # Each `config set` derives the stack's key anew; one that sets all of them does so once.
    others = [f"{key}={value}" for key, value in SECRETS.items() if key != "alert_emails[0]"]
    lab.pulumi(
        "config", "set-all", "--stack", "dev", "--path", *(word for pair in others for word in ("--secret", pair))
    )
    said: list[str] = []
    in_process = lab.environment("dev", in_process=True)
    for each in (environment, in_process):
        each.progress.on_message = lambda _severity, _resource, text: said.append(text)
    previewed = in_process.preview()
    # AWS quotes what it refuses: the message of each failing step is as public as a log.
    words = " and ".join(SECRETS.values())
    with lab.failing(lambda method, urn: method == "create" and ":TopicSubscription" in urn, words) as failed:
        try:
            environment.up()
            message = ""
        except AutomationError as error:
            message = "\n".join([str(error), *error.details])
    assert failed
    assert "[secret]" in message
    # What is kept of each step was kept up to the one that failed; from here on what is kept of each operation is.
    monkeypatch.setenv(NO_CHECKPOINTS, "true")
    made = in_process.up()
    told = [message, *said, str(previewed), str(made), str(in_process.outputs()), str(in_process.destroy())]
    found = {text: [place for place in (*told, *_written(lab)) if text in place] for text in TEXTS}
    assert {text: places for text, places in found.items() if places} == {}


def _written(lab: Lab) -> list[str]:
    """Everything that the engine keeps: state, its backups, history, and the stack's settings."""
    files = [path for path in (lab.folder / "state").rglob("*") if path.is_file()]
    assert any("history" in path.parts for path in files)
    settings = lab.program / "Pulumi.dev.yaml"
    return [Path(path).read_text(errors="replace") for path in (*files, settings)]


@pytest.mark.matrix
@pytest.mark.usefixtures("checkpoints")
def test_addresses_inside_of_monitoring_are_secrets_too(lab: Lab) -> None:
    environment = lab.environment("dev")
    environment.configure({}, {IN_MONITORING: "hush.person-13@example.com"})
    made = environment.up()
    told = [str(made), str(environment.outputs()), str(environment.destroy())]
    assert [place for place in (*told, *_written(lab)) if "hush.person-13" in place] == []


@pytest.mark.matrix
def test_an_address_that_becomes_a_secret_keeps_what_was_confirmed(lab: Lab) -> None:
    """By another name it would be subscribed anew, and the confirmed one ended."""
    environment = lab.environment("dev")
    environment.configure({IN_MONITORING: "person-14@example.com"})
    environment.up()

    def subscription() -> str:
        found = lab.cloud.client("sns").list_subscriptions()["Subscriptions"]
        [mail] = [item["SubscriptionArn"] for item in found if item["Protocol"] == "email"]
        return str(mail)

    before = subscription()
    environment.configure({}, {"monitoring.endpoint.environment.TOKEN": "hush-token-14"})
    environment.up()
    assert subscription() == before
    assert environment.refresh().changed == 0
    environment.destroy()
