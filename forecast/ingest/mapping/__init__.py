"""Mappings of one's own layouts: written, proposed, read by, from files and databases."""
