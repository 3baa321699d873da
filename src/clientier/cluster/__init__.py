"""A run on Spark: what decides is as in any run, but workers read, place and write."""
