"""Everything between a raw reply and a picture: catalogue, evaluations, statistics, charts, pages."""
