# A system user from nothing, in a simulator that runs: bash system-user.sh [FOLDER OF THE SIMULATOR]
set -euo pipefail
folder=${1:-${XDG_DATA_HOME:-$HOME/.local/share}/maskinporten/simulator}
vendor=(--config "$folder/config.toml" --profile vendor)
system=310700045_fagsystem
customer=310700061

maskinporten altinn system register "$system" --name Fagsystem --description "Et fagsystem" --right app_ttd_demo "${vendor[@]}"
# Prints the link for the customer, and waits until the customer has approved in a browser.
maskinporten altinn request create "$system" "$customer" --right app_ttd_demo --wait=5m "${vendor[@]}"
# The profile has `altinn = true`: the token of the system user is exchanged for one of Altinn's.
maskinporten curl --system-user "$customer" "${vendor[@]}" -- -fsS http://127.0.0.1:17824/api/whoami
