"""Charts with their words: what a page shows, and what an export writes without anybody watching."""
