"""What is stored: tables, writes and reads. Knows no web, no GPU, no user interface."""
