from pathlib import Path
from typing import Any

import boto3
import pytest

from drift_tools.aws import s3_paths
from drift_tools.aws.s3_paths import S3Uri
from drift_tools.errors import InputError


def put(bucket: str, **objects: str) -> Any:
    client = boto3.client("s3")
    for key, text in objects.items():
        client.put_object(Bucket=bucket, Key=key.replace("__", "/"), Body=text.encode())
    return client


def test_an_s3_uri_has_a_bucket_and_a_key() -> None:
    assert S3Uri.parse("s3://bucket/a/b.csv") == S3Uri("bucket", "a/b.csv")
    assert S3Uri.parse("s3://bucket") == S3Uri("bucket", "")
    assert str(S3Uri("bucket", "a")) == "s3://bucket/a"


def test_a_uri_without_a_bucket_is_refused() -> None:
    with pytest.raises(InputError, match="no bucket is named"):
        S3Uri.parse("s3:///key")


@pytest.mark.parametrize(
    ("base", "parts", "joined"),
    [("s3://b/p/", ("/q/", "r"), "s3://b/p/q/r"), ("out", ("2026", "01"), "out/2026/01"), (Path("a"), ("b",), "a/b")],
)
def test_join_puts_one_slash_between(base: Any, parts: tuple[str, ...], joined: str) -> None:
    assert s3_paths.join(base, *parts) == joined


def test_a_local_path_is_used_as_it_is(tmp_path: Path) -> None:
    with s3_paths.local_copy(tmp_path) as found:
        assert found == tmp_path


def test_a_path_that_is_not_there_is_named_with_a_mend(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"nowhere: no such file or folder; check the path"),
        s3_paths.local_copy(tmp_path / "nowhere"),
    ):
        pass


def test_an_object_is_copied_for_as_long_as_the_block_lasts(bucket: str) -> None:
    put(bucket, folder__data_csv="a\n1\n", folder__data_csv_other="no")
    with s3_paths.local_copy(f"s3://{bucket}/folder/data_csv") as file:
        assert file.name == "data_csv"
        assert file.read_text() == "a\n1\n"
    assert not file.exists()


def test_everything_under_a_prefix_is_copied_with_its_names(bucket: str) -> None:
    put(bucket, captures__01__a="1", captures__02__b="2", captures_of_others__c="3")
    with s3_paths.local_copy(f"s3://{bucket}/captures") as folder:
        files = {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}
    assert files == {"01/a": "1", "02/b": "2"}


def test_a_whole_bucket_is_a_folder(bucket: str) -> None:
    put(bucket, a="1", b__c="2")
    with s3_paths.local_copy(f"s3://{bucket}") as folder:
        assert (folder / "b" / "c").read_text() == "2"


def test_a_prefix_of_a_name_is_no_folder(bucket: str) -> None:
    put(bucket, captured__a="1")
    with (
        pytest.raises(InputError, match="no object has this key or lies under it"),
        s3_paths.local_copy(f"s3://{bucket}/capt"),
    ):
        pass


@pytest.mark.limit("keys below a prefix that is downloaded")
def test_a_key_may_not_leave_the_folder_that_it_is_copied_to(bucket: str, caplog: pytest.LogCaptureFixture) -> None:
    outside = ["p/../../../outside", "p/a/../b", "p/./c", "p/a//b", "p/" + "x" * 300, "p/a\x1b[31m"]
    for key in outside:
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
    with (
        pytest.raises(
            InputError, match=r"/p: its 6 keys are no files below a folder .*p/\.\./\.\./\.\./outside.*; rename"
        ),
        s3_paths.local_copy(f"s3://{bucket}/p"),
    ):
        pass
    put(bucket, p__a__good="1")
    with s3_paths.local_copy(f"s3://{bucket}/p") as folder:
        assert [file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()] == ["a/good"]
    (said,) = caplog.messages
    assert said.startswith(f"s3://{bucket}/p: 6 keys are no files below a folder")
    assert said.endswith("; they are left out")
    assert said.isprintable()


def test_a_bucket_that_does_not_exist_is_one_line(bucket: str) -> None:
    with pytest.raises(InputError) as caught, s3_paths.local_copy("s3://another-bucket/x"):
        pass
    assert "s3://another-bucket/x: " in str(caught.value)
    assert "NoSuchBucket" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_text_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file.txt"
    s3_paths.write_text(target, "häh\n")
    assert target.read_bytes() == "häh\n".encode()

    def parts() -> Any:
        yield "half"
        raise RuntimeError("the reader stopped")

    with pytest.raises(RuntimeError):
        s3_paths.write_parts(target, parts())
    assert target.read_text(encoding="utf-8") == "häh\n"
    assert [file.name for file in target.parent.iterdir()] == ["file.txt"]


def test_a_folder_cannot_be_written_as_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be written .*; choose another path"):
        s3_paths.write_text(tmp_path, "x")


def test_text_is_written_to_s3(bucket: str) -> None:
    s3_paths.write_text(f"s3://{bucket}/a/b.txt", "text")
    assert boto3.client("s3").get_object(Bucket=bucket, Key="a/b.txt")["Body"].read() == b"text"


@pytest.mark.parametrize("uri", ["s3://a-bucket", "s3://a-bucket/folder/"])
def test_a_file_in_s3_needs_a_name(bucket: str, uri: str) -> None:
    with pytest.raises(InputError, match="name the object to write as well"):
        s3_paths.write_text(uri, "text")


def test_a_folder_of_output_is_uploaded_when_all_went_well(bucket: str) -> None:
    with s3_paths.output_folder(f"s3://{bucket}/results/") as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "a.json").write_text("{}")
    assert s3_paths.list_keys(S3Uri(bucket, "results")) == ["results/sub/a.json"]


def test_a_folder_of_output_is_not_uploaded_when_something_failed(bucket: str) -> None:
    def job() -> None:
        with s3_paths.output_folder(f"s3://{bucket}/results") as folder:
            (folder / "a.json").write_text("{}")
            raise RuntimeError("failed")

    with pytest.raises(RuntimeError):
        job()
    assert s3_paths.list_keys(S3Uri(bucket, "")) == []


def test_a_local_output_folder_is_made(tmp_path: Path) -> None:
    with s3_paths.output_folder(tmp_path / "a" / "b") as folder:
        assert folder.is_dir()


def test_no_region_is_one_line_with_the_mend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(InputError, match=r"sagemaker: .*region.*; set AWS_DEFAULT_REGION"):
        s3_paths.aws_client("sagemaker")


def test_an_output_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"

    def fail() -> None:
        with s3_paths.output_folder(target) as folder:
            (folder / "half").write_text("1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []
    with s3_paths.output_folder(target) as folder:
        (folder / "c").mkdir()
        (folder / "c" / "whole").write_text("1")
        assert not (target / "c").exists()
    assert (target / "c" / "whole").read_text() == "1"
    assert [file.name for file in target.iterdir()] == ["c"]


def test_what_an_earlier_run_wrote_and_this_one_did_not_goes(tmp_path: Path, bucket: str) -> None:
    client = put(bucket, out__old="1", out__other="1", out__old_er="1")
    for name in ("old", "other"):
        (tmp_path / name).write_text("1")
    for target in (tmp_path, f"s3://{bucket}/out"):
        with s3_paths.output_folder(target, replaces=("old", "new")) as folder:
            (folder / "new").write_text("2")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["new", "other"]
    assert s3_paths.list_keys(S3Uri(bucket, "out/"), client=client) == ["out/new", "out/old_er", "out/other"]


def test_bytes_are_counted_as_they_arrive(bucket: str) -> None:
    put(bucket, folder__a="1" * 1000, folder__b="2" * 500)
    seen: list[tuple[int, int]] = []
    with s3_paths.local_copy(f"s3://{bucket}/folder", on_bytes=lambda here, total: seen.append((here, total))):
        pass
    assert max(seen) == (1500, 1500)
    assert {total for _, total in seen} == {1500}


def test_places_that_cannot_be_written_are_known_before_the_work(tmp_path: Path) -> None:
    s3_paths.check_writable(tmp_path / "new" / "file")
    s3_paths.check_writable("s3://bucket/key")
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "below"):
        with pytest.raises(InputError, match="cannot be written"):
            s3_paths.check_writable(path)
