"""The library of a reader: notes, lists, tags, history, what is taken out of it and brought in."""
