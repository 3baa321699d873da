"""The engine for data beyond one machine: Spark spreads the lines and sums them; its workers read them as we do.

Spark splits the files and moves the bytes. Each of its tasks writes its part of a file to its own disk and reads
that with the very code that reads files locally: same amounts, same dates, same rejected lines, by construction.
"""
