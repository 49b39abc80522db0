"""The embedded pair of tiny models: trained on answers or on chains of thought, and the program that makes them."""
