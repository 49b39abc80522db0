"""A question's dossier: all that is known of it, as documents good enough to resolve a market on."""
