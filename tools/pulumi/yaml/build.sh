#!/bin/sh
# The language host for YAML at the versions of go.mod, into the folder $1: an installed CLI has it beside it, and only
# the tests of `make test-engine` ask for it. A minute the first time. Atomic, as the CLI's own script is.
set -eu
target=$1
cd "$(dirname "$0")"
mkdir -p "$target"
go build -ldflags "-s -w" -o "$target/pulumi-language-yaml.new" github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml
mv "$target/pulumi-language-yaml.new" "$target/pulumi-language-yaml"
