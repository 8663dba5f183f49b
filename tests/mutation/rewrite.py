"""Writes all mutants of a file into it, each behind its number."""

import re


def nested(mutants):
    """The mutants of one file, as they enclose each other: outer before inner at every place."""
    return sorted(mutants, key=lambda m: (m.begin, -m.end, -m.rank, -m.number))


def write(text, mutants):
    """`text` with every mutant in it. Comments mark where each one begins and ends, so that an
    error of the compiler can be traced to the mutant that causes it."""
    ordered = nested(mutants)

    def emit(begin, end, index):
        """The text from `begin` to `end`; `index` is the first mutant that may lie in it."""
        pieces = []
        while index < len(ordered) and ordered[index].begin < end:
            one = ordered[index]
            if one.end > end:
                raise ValueError(f"{one.file}:{one.line}: mutants overlap: {one.original}")
            pieces.append(text[begin:one.begin])
            inner, index = emit(one.begin, one.end, index + 1)
            both = one.both.replace("@IS@", f"mutant::is({one.number})").replace("@TEXT@", inner)
            pieces.append(f"/*<{one.number}*/{both}/*{one.number}>*/")
            begin = one.end
        pieces.append(text[begin:end])
        return "".join(pieces), index

    return emit(0, len(text), 0)[0]


def enclosing(text, place):
    """The numbers of the mutants whose text holds `place`, the innermost first."""
    opened = []
    for found in re.finditer(r"/\*(?:<(\d+)|(\d+)>)\*/", text):
        if found.start() >= place:
            break
        if found[1]:
            opened.append(int(found[1]))
        else:
            opened.remove(int(found[2]))
    return opened[::-1]
