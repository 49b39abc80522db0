"""What a question claims, as data, and whether it would hold on given evidence; a file per kind of claim."""
