"""PostgreSQL as a source of transactions, summed where they lie, and as a place for results. See docs/postgresql.md."""
