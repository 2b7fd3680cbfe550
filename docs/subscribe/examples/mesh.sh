#!/bin/bash
# Lists your MESH mailbox, prints each message, and takes it out.
set -euo pipefail
token() {
  local nonce at
  nonce=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n') at=$(date -u +%Y%m%d%H%M)
  printf 'NHSMESH %s:%s:0:%s:%s' "$MESH_MAILBOX" "$nonce" "$at" "$(printf %s \
    "$MESH_MAILBOX:$nonce:0:$MESH_PASSWORD:$at" | openssl dgst -sha256 -hmac "$MESH_SHARED_KEY" | sed 's/.*= //')"
}
mesh() {
  curl --fail-with-body --silent --show-error "$MESH_URL/messageexchange/$MESH_MAILBOX/inbox$1" "${@:2}" \
    --header "Authorization: $(token)" --header "Accept: application/vnd.mesh.v2+json"
}
for id in $(mesh "" | grep -o '"[0-9A-F_]\{20,\}"' | tr -d '"'); do
  mesh "/$id"
  echo
  mesh "/$id/status/acknowledged" --request PUT
done
