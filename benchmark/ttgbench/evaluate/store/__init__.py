"""Recorded generations and grades: SQLite on disk, Parquet in and out."""
