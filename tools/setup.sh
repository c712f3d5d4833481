#!/usr/bin/env bash
# Installs Debian packages that a target needs and this machine lacks.
# usage: tools/setup.sh tests|contract|interop
set -euo pipefail

have() { command -v "$1" >/dev/null 2>&1; }

have_postgres() {
	[ -n "${FLORIN_TEST_POSTGRES:-}" ] || have pg_ctl || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null
}

# old_node: is Node missing, or older than what the judges of make interop run on?
old_node() { ! have node || [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; }

# node_from_npm puts a Node into bin/node, where make interop looks first. Debian 12 has Node 18.
node_from_npm() {
	local cpu
	cpu=$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
	echo "installing Node 22 for make interop ..."
	npm install --prefix bin/node --no-audit --no-fund --loglevel=error "node-linux-$cpu@22.23.3" >/dev/null
	ln -sf "node_modules/node-linux-$cpu/bin/node" bin/node/node
}

# install PACKAGE...: needs apt-get, and root or sudo.
install() {
	if ! have apt-get; then
		echo "missing on this machine: $* (Debian's names); install them and try again" >&2
		exit 1
	fi
	local as=()
	if [ "$(id -u)" -ne 0 ]; then
		have sudo || { echo "missing: $*; as root: apt-get install $*" >&2; exit 1; }
		as=(sudo)
	fi
	echo "installing $* ..."
	local log
	log=$(mktemp)
	if ! "${as[@]}" bash -c "$apt" apt "$@" >"$log" 2>&1 </dev/null; then
		cat "$log" >&2
		exit 1
	fi
	rm -f "$log"
}

# What runs as root. The tests start servers of their own: the package need not
# make a database and start it with the machine.
apt='set -e
conf=/etc/postgresql-common/createcluster.d
mkdir -p $conf
echo "create_main_cluster = false" >$conf/florin.conf
trap "rm -f $conf/florin.conf" EXIT
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"'

missing=()
case "${1:-}" in
tests)
	have_postgres || missing+=(postgresql)
	have gcc || missing+=(gcc libc6-dev) # the race detector links with it
	have strace || missing+=(strace) # puts faults into the server
	have unshare || missing+=(util-linux)
	python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
	;;
contract)
	have npm || missing+=(nodejs npm)
	;;
interop)
	have_postgres || missing+=(postgresql) # consumers of events are held to both engines
	have xmllint || missing+=(libxml2-utils)
	have npm || missing+=(nodejs npm)    # linters of OpenAPI, the TypeScript client
	have chromium || missing+=(chromium) # shows the pages
	for tool in curl gzip zstd openssl; do have "$tool" || missing+=("$tool"); done
	python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
	;;
*)
	echo "usage: tools/setup.sh tests|contract|interop" >&2
	exit 2
	;;
esac
[ ${#missing[@]} -eq 0 ] || install "${missing[@]}"
if [ "$1" = interop ] && old_node; then node_from_npm; fi
