"""What we run ourselves: the list of chorales, shipping weights, the search for settings."""
