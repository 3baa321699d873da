"""The store: one DuckDB file that keeps transactions read once, and what every published run said."""
