#!/usr/bin/env bash
# The run of the month, for cron. Start it in the folder that holds clientier.yaml and sales/.
#
#   monthly.sh [MONTH]                   the lists go to out/MONTH, by default the month of today
#
# In the config, `period: {as_of: month-end}` counts up to the last day of the month before today.
# Exit codes: 0 published, or nothing has changed since; 1 data; 2 config; 3 engine or output. Unless it ends with 0
# nothing is published, and the lists of the earlier months stay as they are.
#
# Quotes around 'sales/*.csv' leave the pattern to clientier: no limit on the number of files, the order does not matter.
set -euo pipefail

month=${1:-$(date +%Y-%m)}
clientier run 'sales/*.csv' -c clientier.yaml -o "out/$month" --quiet
