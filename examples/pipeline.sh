#!/usr/bin/env bash
# The three stages as a pipe, and what to keep between them.
#
#   examples/pipeline.sh [FOLDER]        the files go to FOLDER, by default out/pipeline
set -euo pipefail

shop=$(cd "$(dirname "$0")/shop" && pwd)
sales=$shop/transactions.csv
config=$shop/clientier.yaml
out=${1:-out/pipeline}
mkdir -p "$out"

# September is run as a whole. Its model.yaml holds the thresholds that were fitted: the yardstick to keep.
# --issued is the day the lists are handed out; due dates count from it.
clientier run "$sales" -c "$config" -o "$out/2026-09" --as-of 2026-09-30 --issued 2026-10-01 --quiet
model=$out/2026-09/model.yaml

# October is measured with September's yardstick, so that whoever moves has done something. Each stage reads a file
# or - and writes CSV to standard output; tee keeps what passes.
clientier score "$sales" -c "$config" --model "$model" |
  tee "$out/scored.csv" |
  clientier place - -c "$config" --model "$model" |
  tee "$out/customers.csv" |
  clientier act - -c "$config" --model "$model" --issued 2026-11-02 > "$out/actions.csv"

# A saved list can enter the pipe again at any stage. A part of the customers needs the model too: thresholds fitted to
# a part would be other thresholds. Here the customers of the tea rooms alone, for the one who looks after them.
{ head -n 1 "$out/customers.csv"; grep '^TEAROOM' "$out/customers.csv"; } |
  clientier act - -c "$config" --model "$model" --issued 2026-11-02 > "$out/tearooms.csv"

wc -l "$out"/*.csv
