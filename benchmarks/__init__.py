"""Times that the project promises; ``make bench`` runs them."""
