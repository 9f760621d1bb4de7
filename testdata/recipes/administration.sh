# Administration from nothing, in a simulator that runs: bash administration.sh [FOLDER OF THE SIMULATOR]
# It writes files to the current folder.
set -euo pipefail
folder=${1:-${XDG_DATA_HOME:-$HOME/.local/share}/maskinporten/simulator}
own=310700010
other=310700029
scope=simulator:recipe.read
cp "$folder/config.toml" administration.toml
# All commands read and write this config file; `admin` is the administrator's profile in it.
maskinporten() { command maskinporten --config administration.toml "$@"; }
admin=(--profile admin --yes)

# A scope, and two organisations that may request tokens with it.
maskinporten scope create "$scope" --description "Reads the recipe" "${admin[@]}"
maskinporten access grant "$scope" "$own" "$other" "${admin[@]}"

# A client with a key, in the profile `recipe`.
client=$(maskinporten client create --name Recipe --client-scope "$scope" --format csv "${admin[@]}" | tail -n 1 | cut -d , -f 1)
maskinporten keys new --out recipe.jwk.json | maskinporten client keys add "$client" - "${admin[@]}"
maskinporten config init --profile recipe --env local --client-id "$client" --scope "$scope" --jwk recipe.jwk.json
maskinporten token --profile recipe --no-cache >/dev/null

# A new key while tokens are fetched without a pause: no request may fail.
trap 'touch rotated' EXIT
while [ ! -e rotated ]; do
    if maskinporten token --profile recipe --no-cache >/dev/null; then echo fetched; else touch failed; fi
done >tokens &
maskinporten client keys rotate recipe --overlap 2s "${admin[@]}"
touch rotated
wait
[ ! -e failed ]
echo "tokens fetched during the rotation: $(wc -l <tokens)"

# Without access there is no token: MP-250.
maskinporten access revoke "$scope" "$own" "${admin[@]}"
if maskinporten token --profile recipe --no-cache 2>refused; then exit 1; fi
grep MP-250 refused

# Everything is written to files, removed, and restored from the files.
maskinporten scope export "$scope" --dir exported --profile admin
maskinporten access list "$scope" --format json --profile admin >access.json
maskinporten access revoke "$scope" "$other" "${admin[@]}"
maskinporten scope delete "$scope" "${admin[@]}"
maskinporten scope import exported "${admin[@]}"
maskinporten access sync access.json --apply "${admin[@]}"
[ -z "$(maskinporten scope import exported --dry-run --profile admin)" ]
maskinporten access sync access.json --profile admin
echo "restored without a difference"
