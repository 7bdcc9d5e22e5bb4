"""Leaves out of the CLI that build.sh builds what no deployment on AWS calls: more than a third of the compiler's work.

Given the folder of the module pkg/v3 and an empty one, it writes into that what `go build` reads in the module's place:
a go.mod that replaces the module by a link to it (Go takes no overlay of files in its own cache), and an overlay in
which files are gone or lack lines. It stops if a file or a line is not there, as another version of Pulumi may have it,
and what still needs one does not compile: nothing else is built in silence.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

MODULE = "github.com/pulumi/pulumi/pkg/v3"


class Cut(NamedTuple):
    """A line, or a block from its first line to its last, and what takes its place."""

    first: str
    last: str = ""
    instead: str = ""


# The commands `pulumi api`, for which all of OpenAPI is linked in, and `pulumi env setup`, for which three SDKs are.
FILES = {
    "cmd/pulumi/cloud": "api cli_command_hints describe describe_markdown encoding fields format list output paginate "
    "pathmatch schema spec spec_fetch",
    "cmd/esc/cli": "setup setup_aws setup_azure setup_gcp",
}
# Their places in the lists of commands; then state and keys in Azure, Google and Vault. Who asks for one of those is
# told "no driver registered": for that, gs:// and azblob:// still pass for addresses of a state.
IS_ADDRESS = "\treturn blob.DefaultURLMux().ValidBucketScheme(u.Scheme)"
CUTS = {
    "cmd/pulumi/pulumi.go": [Cut(f'\t"{MODULE}/cmd/pulumi/cloud"'), Cut("\t\t\t\tcloud.NewAPICmd(),")],
    "cmd/pulumi/cloud/envelope.go": [Cut("type describedOp struct {", "}"), Cut("type describeEnvelope struct {", "}")],
    "cmd/esc/cli/env.go": [Cut("\tcmd.AddCommand(newEnvSetupCmd(env))")],
    "backend/diy/backend.go": [
        Cut('\t"gocloud.dev/blob/azureblob"  // driver for azblob://'),
        Cut('\t"gocloud.dev/blob/gcsblob"    // driver for gs://'),
        Cut(f'\t"{MODULE}/authhelpers"'),
        Cut("\tif p.Scheme == gcsblob.Scheme {", "\t}"),
        Cut("\tif p.Scheme == azureblob.Scheme {", "\t}"),
        Cut(IS_ADDRESS, instead=f'{IS_ADDRESS} || u.Scheme == "gs" || u.Scheme == "azblob"'),
    ],
    "secrets/cloud/manager.go": [
        Cut('\t_ "gocloud.dev/secrets/azurekeyvault" // support for azurekeyvault://'),
        Cut('\t"gocloud.dev/secrets/gcpkms"          // support for gcpkms://'),
        Cut('\t_ "gocloud.dev/secrets/hashivault"    // support for hashivault://'),
        Cut('\t"google.golang.org/api/cloudkms/v1"'),
        Cut(f'\t"{MODULE}/authhelpers"'),
        Cut("\tcase gcpkms.Scheme:", "\t\treturn opener.OpenKeeperURL(ctx, u)"),
    ],
}


def cut(file: Path, cuts: list[Cut]) -> str:
    """The file's text after the cuts."""
    lines = file.read_text("utf-8").split("\n")
    for first, last, instead in cuts:
        begin = lines.index(first) if lines.count(first) == 1 else None
        if begin is None or (last or first) not in lines[begin:]:
            sys.exit(
                f"{Path(__file__).name}: {file} is not as expected at `{first.strip()}`: adapt CUTS to this Pulumi"
            )
        lines[begin : lines.index(last or first, begin) + 1] = [instead]
    return "\n".join(lines)


def write(module: Path, into: Path) -> None:
    """What `go build -modfile=INTO/go.mod -overlay=INTO/overlay.json` needs."""
    link = into / "pkg"
    link.symlink_to(module)
    overlay = {}
    for name in (f"{folder}/{stem}.go" for folder, stems in FILES.items() for stem in stems.split()):
        if not (module / name).is_file():
            sys.exit(f"{Path(__file__).name}: there is no {module / name}: adapt FILES to this Pulumi")
        overlay[str(link / name)] = ""  # as if it were not there
    for name, cuts in CUTS.items():
        changed = into / name.replace("/", "-")
        changed.write_text(cut(module / name, cuts), "utf-8")
        overlay[str(link / name)] = str(changed)
    (into / "overlay.json").write_text(json.dumps({"Replace": overlay}))
    here = Path(__file__).parent
    shutil.copy(here / "go.sum", into)
    (into / "go.mod").write_text(f"{(here / 'go.mod').read_text()}\nreplace {MODULE} => {link}\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
