"""Files of one kind each: written whole or grown by synced rows, locked, read back and checked."""
