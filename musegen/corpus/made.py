from musegen.corpus.synthetic import made_collection  # noqa: D100, F401  # transition
