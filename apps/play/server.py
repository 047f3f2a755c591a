"""The page of new songs with Python behind it: bars that one does not like are written anew."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from tornado.ioloop import IOLoop

from apps import local, play
from musegen import generation, training
from musegen.song import Song


def application(some: list[Song], seed: int):
    """Make the Tornado application: the page, its files as the songs are now, and what it asks."""
    run, rng = training.shipped("four_voices"), np.random.default_rng(seed)
    versions = {str(i): [song] for i, song in enumerate(some, 1)}
    writer = ThreadPoolExecutor(1)  # of one file at a time

    class Page(local.Handler):
        def get(self):
            now = [mine[-1] for mine in versions.values()]
            self.finish(play.page(now, seed, served=True))

    class Anew(local.Handler):
        def put(self, number):  # not POST, which pages of other sites may send
            mine, marks = versions[number], []
            try:
                asked = json.loads(self.request.body)
                if asked is not None:
                    first, last = map(int, asked)
                    bar = mine[-1].steps_per_bar
                    mine.append(generation.anew(run, mine[-1], first, last, rng))
                    marks = [(bar * (first - 1), bar * last, "anew")]
                elif len(mine) > 1:
                    mine.pop()
                self.finish(play.player_of(mine[-1], number, marks))
            except (ValueError, TypeError, RecursionError) as error:
                self.set_status(400)
                self.finish(str(error))

    class File(local.Handler):
        async def get(self, number, kind):
            asked = play.write_file, versions[number][-1], int(number), kind
            path = await IOLoop.current().run_in_executor(writer, *asked)
            self.set_header("Content-Type", "application/octet-stream")
            self.finish(path.read_bytes())

    number = f"({'|'.join(versions)})"
    files = rf"/song_{number}(\.mid|\.mp3|\.musicxml)"
    return local.application([("/", Page), (rf"/song/{number}", Anew), (files, File)])
