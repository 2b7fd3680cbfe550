#!/bin/bash
# Signs a made-up notice as the hub does and posts it to your own receiver: ./webhook.sh http://127.0.0.1:9000/
set -euo pipefail
id="n-try-$RANDOM" at=$(date +%s)
body='{"type":"notice.issued","timestamp":"2026-01-01T00:00:00Z","data":{"notice_id":"'$id'","reason":"first"}}'
key=$(printf %s "${HUB_LISTEN_SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
signature=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64 -w0)
curl --fail-with-body --silent --show-error "$1" --header "Content-Type: application/json" \
  --header "webhook-id: $id" --header "webhook-timestamp: $at" --header "webhook-signature: v1,$signature" \
  --data "$body"
echo "taken: $id"
