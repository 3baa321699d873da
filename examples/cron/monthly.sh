#!/usr/bin/env bash
# The month's run, for cron or systemd: new files into the store, tiers and lists out of it, and a check of what was
# published. It works in its own folder: monthly.sh, clientier.yaml, sales/ (a file or more each month).
#
#   monthly.sh [DAY]      DAY is the last day counted, by default the last day of the month before today
#
# The lists go to out/YYYY-MM; out/latest is a link to the newest. Start it as often as you like: files that the store
# has are skipped, a month that is published is left as it is. If anything fails, nothing is published, out/latest stays
# where it is, and the problems go to standard error, which cron mails and systemd keeps. Exit codes as clientier's:
# 1 data or gate, 2 config, 3 engine, output, or another run at work.
set -euo pipefail
umask 027                              # the lists name customers
cd "$(dirname "$0")"

day=${1:-month-end}
store=clientier.duckdb
mkdir -p log
log=log/$(date +%Y-%m-%d).jsonl

# Does a step; its log lines go to the file. Of a step that fails the errors are shown, with the place and the fix.
step() {
  local code=0 lines
  touch "$log"
  lines=$(wc -l < "$log")
  "$@" --log json 2>> "$log" > /dev/null || code=$?
  if ((code == 0)); then
    return
  fi
  printf 'failed with %d: %s\n' "$code" "$*" >&2
  tail -n "+$((lines + 1))" "$log" | grep -F '"level": "error"' >&2 || tail "$log" >&2
  case $code in
    1) echo 'Look at the data, or at the gate of clientier.yaml, as the fix says; then start this again.' >&2 ;;
    2) echo 'Look at the config: clientier config check clientier.yaml' >&2 ;;
    3) echo 'Start this again when the cause is gone.' >&2 ;;
  esac
  exit "$code"
}

# Quotes leave the patterns to clientier: no limit on the number of files, and {as_of} is not the shell's.
step clientier store add 'sales/*.csv' -c clientier.yaml --store "$store" --skip-known --wait 10m
step clientier run --store "$store" -c clientier.yaml -o 'out/{as_of:%Y-%m}' --as-of "$day" --wait 10m
step clientier verify out/latest
