"""A blind listening survey: songs become one page, a server keeps the answers, tables come of them.

Report 2.4 describes a survey of ten songs and a scale from 1 to 5; 4.4.2 says what was missing.

======================  ===========================================================================
`build`                 makes the page and its key, from folders of songs
`page`                  the page as a file; ``listening.js``, ``.css``, ``.html`` and ``texts/``
`server`                serves the page, takes answers in: `door` checks, `limits`, `store` keeps
`answers`               reads answers; `documents` (files, database), `sheets` (spreadsheets)
`keys`, `rows`,         what the key says, what becomes of each grade, how cells are written
`cells`
======================  ===========================================================================

Conventions
-----------
item
    A piece as the listener meets it, under a blind name of six letters.
key
    A table ``item, role, song, source``, written apart from the page: whoever has it knows who
    wrote what.
"""
