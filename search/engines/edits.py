"""Words one slip of the finger away."""

import string

LETTERS = string.ascii_lowercase + string.digits


def one_edit(word: str) -> set[str]:
    """All terms that are made from `word` by one letter or digit more, less, another, or two neighbours in the other
    order; some 70 for each letter."""
    parts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    less = {left + right[1:] for left, right in parts if right}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in parts if len(right) > 1}
    other = {left + letter + right[1:] for left, right in parts if right for letter in LETTERS}
    more = {left + letter + right for left, right in parts for letter in LETTERS}
    return (less | swapped | other | more) - {word, ""}
