"""What is measured and by whom: model, twin and benchmark entries kept as TOML, and the code that reads them."""
