#!/bin/sh
# Installs the program `maskinporten` for this user.
set -eu

version='@VERSION@'
downloads='@DOWNLOADS@'

usage() {
  cat <<'END'
Downloads the archive for this machine, verifies its SHA-256 sum, and installs the program.

Usage: install.sh [--to FOLDER] [--target TARGET] [--version VERSION] [--downloads URL] [--sha256 SUM]

  --to FOLDER       where the program is installed (default: ~/.local/bin)
  --target TARGET   another build, such as x86_64-unknown-linux-gnu, which can use hardware tokens
  --version VERSION, --downloads URL   another release, and the folder with its files
  --sha256 SUM      the sum that the archive must have (default: the one in the release's SHA256SUMS)
END
}

fail() {
  printf 'error: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf 'hint: %s\n' "$2" >&2
  exit 1
}

# Prints the name of the build for this machine.
detect() {
  case $(uname -s)/$(uname -m) in
    Linux/x86_64) printf x86_64-unknown-linux-musl ;;
    Linux/aarch64 | Linux/arm64) printf aarch64-unknown-linux-musl ;;
    MINGW*/x86_64 | MSYS*/x86_64) printf x86_64-pc-windows-gnu ;;
    *) fail "there is no build for $(uname -s) on $(uname -m)" "build it from source: cargo install --locked maskinporten" ;;
  esac
}

# download FILE: into the temporary folder.
download() {
  if command -v curl >/dev/null; then
    curl --silent --show-error --fail --location --proto-redir '=https' --retry 2 --output "$temporary/$1" "$downloads/$1"
  elif command -v wget >/dev/null; then
    wget --quiet --tries 3 --output-document "$temporary/$1" "$downloads/$1"
  else
    fail 'neither curl nor wget is installed' 'install curl'
  fi || fail "could not download $downloads/$1" 'see the message above; a proxy is set with HTTPS_PROXY'
}

# Prints the SHA-256 sum of a file.
sum_of() {
  if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

folder=${HOME:-}/.local/bin target='' sum=''
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --to | --target | --version | --downloads | --sha256) [ $# -gt 1 ] || fail "$1 needs a value" ;;
    *) fail "unknown argument: $1" 'run it with --help' ;;
  esac
  case $1 in
    --to) folder=$2 ;;
    --target) target=$2 ;;
    --version) version=$2 ;;
    --downloads) downloads=${2%/} ;;
    --sha256) sum=$2 ;;
  esac
  shift 2
done

case $downloads in
  https://* | http://127.0.0.1[:/]*) ;;
  *) fail "the address of the downloads must begin with https://, and not be $downloads" ;;
esac
[ -n "$target" ] || target=$(detect)
name=maskinporten-$version-$target
archive=$name.tar.gz program=maskinporten
case $target in *windows*) archive=$name.zip program=maskinporten.exe ;; esac

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
download "$archive"
if [ -z "$sum" ]; then
  download SHA256SUMS
  sum=$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$temporary/SHA256SUMS")
  [ -n "$sum" ] || fail "SHA256SUMS of the release does not contain $archive"
fi
actual=$(sum_of "$temporary/$archive")
[ "$actual" = "$sum" ] || fail "the SHA-256 sum of $archive is $actual, but should be $sum" 'nothing was installed; download it again'

case $archive in
  *.zip) unzip -q "$temporary/$archive" -d "$temporary" ;;
  *) tar -xzf "$temporary/$archive" -C "$temporary" ;;
esac
mkdir -p "$folder"
# A program that is running can be replaced, but not written to.
cp "$temporary/$name/$program" "$folder/.$program.new"
chmod 755 "$folder/.$program.new"
mv -f "$folder/.$program.new" "$folder/$program"
printf 'installed %s\n' "$folder/$program"
case :$PATH: in *:"$folder":*) ;; *) printf 'note: %s is not in PATH\n' "$folder" >&2 ;; esac
