"""The front door, as a web page finds it: with requests that a browser sends without asking first, and with forgeries.

The page's requests are plain HTTP with what a browser would put there; no signature of any key that the server made.
"""

import hashlib
import http.client
import json
import time
import urllib.request
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

import local_aws
from local_aws.launcher import control
from tests.local_aws.bench import Bench, zipped

EVIL = {"Origin": "http://evil.example", "Content-Type": "text/plain"}
# Signed for anybody whom ministack takes for the administrator, with a signature of nothing.
FORGED_QUERY = {
    f"query key {key or 'none'}": urlencode(
        {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{key}/20260105/us-east-1/lambda/aws4_request",
            "X-Amz-Date": "20260105T091000Z",
            "X-Amz-SignedHeaders": "host",
            "X-Amz-Signature": "00",
        }
    )
    for key in ("test", "123456789012", "")
} | {
    "bare query key": "X-Amz-Credential=test/20260105/us-east-1/lambda/aws4_request&X-Amz-Signature=00",
    "old query key": "AWSAccessKeyId=test&Signature=00&Expires=9999999999",
    "no query": "",
}


def send(
    cloud: local_aws.LocalAws, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(cloud.endpoint_url).netloc, timeout=30)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def signed(
    cloud: local_aws.LocalAws, keys: Credentials, path: str = "/", headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """Send STS GetCallerIdentity, or a path, with these keys' signature."""
    body = "Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest(
        "POST", f"{cloud.endpoint_url}{path}", {"Content-Type": "application/x-www-form-urlencoded"}, body
    )
    SigV4Auth(keys, "sts", "us-east-1").add_auth(request)
    status, _, text = send(cloud, "POST", path, body, {**dict(request.headers.items()), **(headers or {})})
    return status, text


def administrator(cloud: local_aws.LocalAws) -> Credentials:
    environment = cloud.environment()
    return Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])


@pytest.fixture(params=["cloud", "guarded"])
def server(request: pytest.FixtureRequest) -> local_aws.LocalAws:
    running: local_aws.LocalAws = request.getfixturevalue(request.param)
    return running


@pytest.mark.parametrize("query", list(FORGED_QUERY.values()), ids=list(FORGED_QUERY))
@pytest.mark.parametrize("origin", [{"Content-Type": "text/plain"}, EVIL], ids=["no origin", "evil origin"])
def test_a_page_cannot_make_a_function(server: local_aws.LocalAws, query: str, origin: dict[str, str]) -> None:
    function = {
        "FunctionName": "pwn", "Runtime": "python3.12", "Handler": "handler.handler",
        "Role": "arn:aws:iam::123456789012:role/pwn", "Code": {"ZipFile": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="},
    }  # fmt: skip
    role = urlencode({"Action": "CreateRole", "RoleName": "pwn", "AssumeRolePolicyDocument": "{}"})
    calls = [
        ("/", role),
        ("/2015-03-31/functions", json.dumps(function)),
        ("/2015-03-31/functions/pwn/invocations", "{}"),
    ]
    for path, body in calls:
        status, headers, _ = send(server, "POST", f"{path}?{query}", body, origin)
        assert status in {400, 403}, path
        assert not [name for name in headers if name.startswith("access-control-")]
    assert not [item for item in server.client("lambda").list_functions()["Functions"] if item["FunctionName"] == "pwn"]
    assert not [item for item in server.client("iam").list_roles()["Roles"] if item["RoleName"] == "pwn"]


@pytest.mark.parametrize("headers", [EVIL, {"Content-Type": "text/plain"}, {}], ids=["evil", "no origin", "bare"])
def test_a_page_cannot_control_the_server(server: local_aws.LocalAws, headers: dict[str, str]) -> None:
    bucket = Bench(server).bucket
    before = server.clock.now()
    for method, path, body in [
        ("POST", "/_ministack/reset", ""),
        ("POST", "/_ministack/config", '{"lambda_svc.LAMBDA_EXECUTOR": "docker"}'),
        ("POST", "/_local/clock", '{"advance_by": 864000}'),
        ("GET", "/_local/changes", ""),
        ("GET", "/_ministack/health", ""),
        ("GET", "/health", ""),
        ("GET", "/_localstack/health", ""),
        ("GET", f"/{bucket}", ""),
        ("GET", "/", ""),
    ]:
        status, _, text = send(server, method, path, body, headers)
        assert status == 403, (method, path, text)
    assert server.clock.now() < before + timedelta(days=1)
    assert server.client("s3").head_bucket(Bucket=bucket)


def test_a_preflight_is_refused_and_no_answer_opens_the_door(server: local_aws.LocalAws) -> None:
    ask = {"Origin": "http://evil.example", "Access-Control-Request-Method": "PUT"}
    status, headers, _ = send(server, "OPTIONS", "/bucket/key", headers=ask)
    assert status == 403
    assert not [name for name in headers if name.startswith("access-control-")]
    answer = server.client("s3").list_buckets()
    assert not [name for name in answer["ResponseMetadata"]["HTTPHeaders"] if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "extra",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1.evil.example:{port}"},
        {"Host": "bucket.localhost:{port}"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_even_a_right_signature_is_refused_from_elsewhere(cloud: local_aws.LocalAws, extra: dict[str, str]) -> None:
    port = urlsplit(cloud.endpoint_url).port
    headers = {name: value.format(port=port) for name, value in extra.items()}
    assert signed(cloud, administrator(cloud))[0] == 200
    status, text = signed(cloud, administrator(cloud), headers=headers)
    assert (status, list(json.loads(text))) == (403, ["error"])


def test_localhost_is_this_machine_too(cloud: local_aws.LocalAws) -> None:
    url = cloud.endpoint_url.replace("127.0.0.1", "localhost")
    client = cloud.session().client("sts", endpoint_url=url)
    assert client.get_caller_identity()["Account"] == cloud.account_id


@pytest.mark.parametrize("key", ["test", "123456789012", "000000000000", "AKIAAAAAAAAAAAAAAAAA"])
@pytest.mark.parametrize("secret", ["test", ""])
def test_keys_that_the_server_did_not_make_are_nobody(server: local_aws.LocalAws, key: str, secret: str) -> None:
    assert signed(server, Credentials(key, secret))[0] == 403


def test_the_secret_with_an_account_for_a_key_is_nobody(server: local_aws.LocalAws) -> None:
    assert signed(server, Credentials(server.account_id, administrator(server).secret_key))[0] == 403


def test_a_changed_body_or_an_old_request_is_refused(server: local_aws.LocalAws) -> None:
    body = "Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest("POST", f"{server.endpoint_url}/", {"Content-Type": "application/x-www-form-urlencoded"}, body)
    SigV4Auth(administrator(server), "sts", "us-east-1").add_auth(request)
    headers = dict(request.headers.items())
    assert send(server, "POST", "/", body, headers)[0] == 200
    assert send(server, "POST", "/", body.replace("CallerIdentity", "SessionToken"), headers)[0] == 403
    assert send(server, "POST", "/?Action=ListRoles", body, headers)[0] == 403
    late = headers | {"X-Amz-Date": "20260101T000000Z"}
    assert send(server, "POST", "/", body, late)[0] == 403


def test_presigned_urls_work_as_they_were_signed(server: local_aws.LocalAws) -> None:
    bench = Bench(server)
    s3 = server.session().client(
        "s3", endpoint_url=server.endpoint_url, config=Config(signature_version="s3v4", s3={"addressing_style": "path"})
    )
    place = {"Bucket": bench.bucket, "Key": "a b/ü.txt"}
    put = s3.generate_presigned_url("put_object", place, ExpiresIn=60)
    with urllib.request.urlopen(urllib.request.Request(put, b"hello", method="PUT")) as answer:
        assert answer.status == 200
    get = s3.generate_presigned_url("get_object", place, ExpiresIn=60)
    with urllib.request.urlopen(get) as answer:
        assert answer.read() == b"hello"
    for url in (get.replace("a%20b", "c"), get.replace("X-Amz-Expires=60", "X-Amz-Expires=61"), get.split("?")[0]):
        with pytest.raises(HTTPError) as refused:
            urllib.request.urlopen(url)
        assert refused.value.code == 403
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(get, b"other", method="PUT"))
    assert refused.value.code == 403
    soon = s3.generate_presigned_url("get_object", place, ExpiresIn=0)
    time.sleep(1.1)  # a signature's time has seconds
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(soon)
    assert refused.value.code == 403


def test_control_is_for_the_administrator_alone(guarded_bench: Bench) -> None:
    cloud, name = guarded_bench.cloud, f"{guarded_bench.name}-user"
    cloud.client("iam").create_user(UserName=name)
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    cloud.client("iam").put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(everything))
    key = cloud.client("iam").create_access_key(UserName=name)["AccessKey"]
    theirs = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    with pytest.raises(local_aws.LocalAwsError, match="administrator's key of this server only"):
        control(cloud.environment() | theirs, "POST", "clock", {"advance_by": 3600})
    with pytest.raises(local_aws.LocalAwsError, match="administrator's key of this server only"):
        control(cloud.environment() | {"AWS_SECRET_ACCESS_KEY": "another"}, "GET", "clock")


def test_a_functions_keys_cannot_be_computed(server: local_aws.LocalAws) -> None:
    """ministack would make them of the two ARNs, which are no secrets."""
    bench = Bench(server)
    source = "import boto3\ndef handler(event, context):\n    return boto3.client('sts').get_caller_identity()['Arn']\n"
    role = bench.role("function", service="lambda.amazonaws.com")
    arn = server.client("lambda").create_function(
        FunctionName=bench.name, Runtime="python3.12", Role=role, Handler="handler.handler",
        Code={"ZipFile": zipped(source)},
    )["FunctionArn"]  # fmt: skip
    answer = server.client("lambda").invoke(FunctionName=bench.name)["Payload"].read()
    assert f"assumed-role/{role.rsplit('/', 1)[1]}/" in json.loads(answer)  # its own keys work
    digest = hashlib.sha256(f"{arn}:{role}".encode()).hexdigest()
    secret, token = (hashlib.sha256(f"{kind}:{digest}".encode()).hexdigest() for kind in ("secret", "token"))
    keys = Credentials(f"ASIA{digest[:16].upper()}", secret, token)
    assert signed(server, keys)[0] == 403


def test_a_wrong_key_reads_as_awss_error(server: local_aws.LocalAws) -> None:
    def client(service: str) -> Any:
        return boto3.client(
            service, endpoint_url=server.endpoint_url, region_name="us-east-1", aws_access_key_id="test",
            aws_secret_access_key="test",
        )  # fmt: skip

    for service, operation in [("s3", "list_buckets"), ("sts", "get_caller_identity"), ("sagemaker", "list_models")]:
        with pytest.raises(ClientError, match=r"InvalidClientTokenId|InvalidAccessKeyId|UnrecognizedClient"):
            getattr(client(service), operation)()
