"""The made-up accounts: always the same for the same seed, sizes and base date."""
