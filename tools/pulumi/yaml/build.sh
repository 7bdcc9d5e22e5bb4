#!/bin/sh
# The language host for YAML at the versions of go.mod, into the folder $1: an installed CLI has it beside it, and only
# the tests of `make test-engine` ask for it. Under a minute the first time. Atomic, as the CLI's own script is, and built
# with the same flags: the standard library is then there already, and 99 s of processor time become 40.
set -eu
target=$1
cd "$(dirname "$0")"
mkdir -p "$target"
go build -trimpath -gcflags='all=-l -dwarf=false' -gcflags='std=-dwarf=false' -ldflags "-s -w" \
	-o "$target/pulumi-language-yaml.new" github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml
mv "$target/pulumi-language-yaml.new" "$target/pulumi-language-yaml"
