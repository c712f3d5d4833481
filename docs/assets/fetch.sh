#!/usr/bin/env bash
# Makes the vendored script of the API reference from npm's package.
set -euo pipefail
cd "$(dirname "$0")"
version=1.72.1
package=XpEJ0rfc/cXbCrR+iC4kK0o/WwX2dTtGQbT049OlPKAHD6IMIFdTeGz2r+M27P2EDWKyUITRm/NzlP8z2pw/Ow==
script=bf091006bdc3af6067af77c2f534812e3e633e94a94e87138069f570f33b762c

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm pack --silent --pack-destination "$dir" "@scalar/api-reference@$version" >/dev/null
[ "$(openssl dgst -sha512 -binary "$dir"/*.tgz | base64 -w0)" = "$package" ] || { echo "another package than the one that was looked at" >&2; exit 1; }
tar -xzf "$dir"/*.tgz -C "$dir" package/dist/browser/standalone.js
echo "$script  $dir/package/dist/browser/standalone.js" | sha256sum --check --quiet
gzip -9 -n -c "$dir/package/dist/browser/standalone.js" >"scalar-$version.js.gz"
