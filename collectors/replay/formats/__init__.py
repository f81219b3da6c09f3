"""One pure parser per file format: bytes in, columns out."""
