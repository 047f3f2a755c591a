"""Programs built on musegen: report, claims, listening, composer page, play, command line.

Nothing in musegen/ imports them.
"""
