"""What a transaction file holds: its bytes, dialect, dates and amounts, and the place of every bad line."""
