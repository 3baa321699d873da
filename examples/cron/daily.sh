#!/usr/bin/env bash
# The list of a day, for each morning after monthly.sh has published a month: what was sold and what staff did into the
# store, and out of it who is to be contacted now and was on no list yet. Tiers stay those of the month. Beside the
# folder of monthly.sh it needs:
#
#   sales/                a file or more each day
#   done/YYYY-MM-DD.csv   what staff did that day: action lists with a column outcome, filled in with done, refused or
#                         unreachable. May be missing
#
#   daily.sh [DAY]        DAY is the last day counted, by default yesterday
#
# The list goes to daily/DAY.csv. Start it as often as you like: what the store has is skipped, and the list of a day is
# the same. A day's files must be there before its list is made; what comes later is in the next. It says nothing unless
# something fails. Exit codes as clientier's.
set -euo pipefail
umask 027                              # the lists name customers
cd "$(dirname "$0")"

day=${1:-$(date -d yesterday +%F)}
store=clientier.duckdb
mkdir -p daily

clientier store add 'sales/*.csv' -c clientier.yaml --store "$store" --skip-known --wait 10m -q
for file in done/*.csv; do
  if [[ -e $file ]]; then
    clientier outcome add "$file" --day "$(basename "$file" .csv)" --store "$store" --wait 10m -q
  fi
done
clientier act --store "$store" -c clientier.yaml --as-of "$day" -o "daily/$day.csv" --wait 10m -q
