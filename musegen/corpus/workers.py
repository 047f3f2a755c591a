from multiprocessing.context import SpawnContext as Fresh  # noqa: D100, F401  # transition

from musegen.corpus.parallel import dask_client  # noqa: F401  # transition
