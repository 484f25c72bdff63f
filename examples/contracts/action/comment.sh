#!/usr/bin/env bash
# Puts a file on a pull request as our one comment: over the last one if there is one.
# usage: GH_TOKEN=… GITHUB_REPOSITORY=owner/name PULL_REQUEST=7 comment.sh FILE
set -euo pipefail
marker='<!-- lazaret contracts -->'
body=$(mktemp)
trap 'rm -f "$body"' EXIT
{ printf '%s\n' "$marker"; cat "$1"; } > "$body"
comments=repos/$GITHUB_REPOSITORY/issues
# Only a bot's: whoever may comment could write the marker too.
ours=$(gh api --paginate "$comments/$PULL_REQUEST/comments" \
  --jq ".[] | select(.user.type == \"Bot\" and (.body | startswith(\"$marker\"))) | .id" | sed -n 1p)
if [ -n "$ours" ]; then
  gh api --silent --method PATCH "$comments/comments/$ours" -F "body=@$body"
else
  gh api --silent --method POST "$comments/$PULL_REQUEST/comments" -F "body=@$body"
fi
