"""A model that lies in S3: the engine sees that another file lies there, and the endpoint gets it."""

import shutil

import pytest

from components.archives.model import write_model_archive
from tests.engine.carried_out import carried_out
from tests.engine.lab import PROJECT, Lab

BUCKET, KEY = "somebodys-models", "churn/model.tar.gz"


@pytest.mark.matrix
def test_another_file_at_the_same_address_is_another_model(lab: Lab) -> None:
    s3 = lab.cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    archive = write_model_archive(PROJECT / "model" / "artifact", lab.folder)
    s3.upload_file(str(archive), BUCKET, KEY)
    environment = lab.environment("dev")
    environment.configure({"model_artifact": f"s3://{BUCKET}/{KEY}"})
    assert "archive" not in carried_out(environment)
    assert environment.preview().changed == 0
    other = shutil.copytree(PROJECT / "model" / "artifact", lab.folder / "other")
    (other / "note.txt").write_text("another model")
    s3.upload_file(str(write_model_archive(other, lab.folder / "archives")), BUCKET, KEY)
    assert carried_out(environment) == {
        "model": "replace",
        "config": "replace",
        "endpoint": "update",
        "endpoint-checked": "replace",
        # Results say which model was served.
        "open-data-quality": "update",
        "open-model-quality": "update",
    }
    assert environment.preview().changed == 0
    environment.destroy()
    s3.delete_object(Bucket=BUCKET, Key=KEY)
    s3.delete_bucket(Bucket=BUCKET)
