#!/bin/sh
# The Pulumi CLI at the versions of go.mod, into the folder $1, for machines that have Go and no CLI. Minutes the first
# time, seconds after that. $2 is the Python that its programs run with. Atomic: a build that is interrupted leaves no CLI.
set -eu
target=$1 python=$2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$target"
module() { (cd "$here" && go list -m -f "$1" "$2"); }
version=$(module '{{.Version}}' github.com/pulumi/pulumi/sdk/v3)
# The half of the compiler's work that goes into inlining buys nothing in clouds' SDKs and in a reader of OpenAPI that no
# deployment on AWS calls, and debugging information is stripped: 535 s of processor time become 341, nothing is left out.
compile() {
	go build -gcflags='all=-N -l -dwarf=false' -gcflags='std=-dwarf=false' \
		-gcflags='github.com/pulumi/...=-dwarf=false' -gcflags='google.golang.org/...=-dwarf=false' "$@"
}
cd "$here"
# The Go part of the language host for Python is no module of its own: a stand-in, where the real one is missing.
if ! command -v pulumi-language-python >/dev/null; then
	go mod download github.com/pulumi/pulumi/sdk/v3
	sdk=$(module '{{.Dir}}' github.com/pulumi/pulumi/sdk/v3)
	install -m 755 "$sdk/python/cmd/pulumi-language-python-exec" language_python.py "$target"
	printf '#!/bin/sh\nexec "%s" "%s/language_python.py" "$@"\n' "$python" "$target" >"$target/pulumi-language-python.new"
	chmod 755 "$target/pulumi-language-python.new"
	mv "$target/pulumi-language-python.new" "$target/pulumi-language-python"
fi
# Without its version the Automation API refuses the CLI.
compile -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$version" \
	-o "$target/pulumi.new" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi
mv "$target/pulumi.new" "$target/pulumi"
