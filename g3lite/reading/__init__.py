"""The places that a text states, in any form: what `replies.parse` stands on.

`clean` takes away what is no answer or only layout, `objects`, `forms` and `tables` collect the
statements of a place, `angles` reads their numbers, and `context` says which are meant as an
answer. `signs` and `doubts` look through the whole reply for words that make a place none. `words`
holds the words of seven languages that all of them look for.
"""
