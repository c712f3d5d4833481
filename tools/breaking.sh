#!/usr/bin/env bash
# Fails when the contract breaks clients of the last release (the newest tag; before
# the first one, of the last commit). usage: tools/breaking.sh BUF
set -euo pipefail
buf=$1

base=$(git describe --tags --abbrev=0 2>/dev/null || git rev-parse --verify --quiet HEAD || true)
if [ -z "$base" ] || ! git cat-file -e "$base:proto" 2>/dev/null; then
	echo "no earlier contract to compare with"
	exit 0
fi
old=$(mktemp -d)
trap 'rm -rf "$old"' EXIT
git archive "$base" proto buf.yaml | tar -x -C "$old"
"$buf" breaking --against "$old"
