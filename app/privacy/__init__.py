"""What people may ask about their own data: seeing it, taking it along, correcting it, having it erased; and how long it is kept.

Which column holds what of whom is said in one place, `data_map`. Erasing writes the words of other rooms' tables by that map
alone, and nothing else of theirs.
"""
