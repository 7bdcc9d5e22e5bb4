"""Where it is noted of which ended jobs the metrics are published: what is not noted there was missed."""


def heard_key(state_prefix: str, job: str) -> str:
    """Key of the note that a job's end was heard; the state's own expiry removes it after a month."""
    return f"{state_prefix}/heard-jobs/{job}.json"
