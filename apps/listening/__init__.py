"""A blind listening survey: songs become one page, a server keeps the answers, tables come of them.

Report 2.4 describes a survey of ten songs and a scale from 1 to 5; 4.4.2 says what was missing.

=========================  ========================================================================
`build`                    makes the page, its key and invitations
`page`                     where its files are, what a listener is dealt, and the page as a file:
                           ``document.js`` (what is answered), ``sending.js``, ``screens.js`` of
                           ``elements.js``, ``listening.css``, ``texts/``
`answer_schema`            the form of answers, ``answers.schema.json``
`server`                   serves the page and takes answers in; `answer_db` keeps them
`answers`                  reads answers; of spreadsheets by `form_csv`
`answer_key`               what a key says
=========================  ========================================================================

Conventions
-----------
item
    A piece as the listener meets it, under a blind name of six letters.
key
    A table ``survey, item, role, song, source``, written apart from the page: whoever has it knows
    who wrote what.
"""
