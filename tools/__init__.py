"""What we run ourselves: the list of chorales, trainings, shipping, the search for settings."""
