"""The meaning of seed expressions and of seeders."""
