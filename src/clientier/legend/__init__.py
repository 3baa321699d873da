"""The legend of a run, and what it shares with every report: blocks, words, Markdown."""
