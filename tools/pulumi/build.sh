#!/bin/sh
# The Pulumi CLI at the versions of go.mod, into the folder $1, for machines that have Go and no CLI: what a deployment on
# AWS needs of it (aws_only.py). Minutes the first time, seconds after that. $2 is the Python that its programs run with.
# Atomic: a build that is interrupted leaves no CLI.
set -eu
target=$1 python=$2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$target"
module() { (cd "$here" && go list -m -f "$1" "$2"); }
version=$(module '{{.Version}}' github.com/pulumi/pulumi/sdk/v3)
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
# Without the other clouds 241 s of processor time become 151. Without inlining, which takes the compiler long and makes
# this CLI no faster where it is not the standard library's, and without debugging information it is 138 s. A thousand
# compilers of one thread each, that look for no garbage before they need a gibibyte, are 14 s less again.
processors=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
go mod download github.com/pulumi/pulumi/pkg/v3
work=$target/pulumi.source
rm -rf "$work"
mkdir "$work"
"$python" aws_only.py "$(module '{{.Dir}}' github.com/pulumi/pulumi/pkg/v3)" "$work"
# Without its version the Automation API refuses the CLI. With paths trimmed, Go's cache knows it in any folder.
GOMAXPROCS=1 GOGC=off GOMEMLIMIT=1GiB \
	go build -p "$processors" -modfile="$work/go.mod" -overlay="$work/overlay.json" -trimpath \
	-gcflags='all=-l -dwarf=false' -gcflags='std=-dwarf=false' \
	-ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$version" \
	-o "$target/pulumi.new" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi
mv "$target/pulumi.new" "$target/pulumi"
rm -r "$work"
