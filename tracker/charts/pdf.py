"""A PDF of vl-convert with its objects in an order that only its content decides: the same chart, the same bytes.

vl-convert numbers objects and lists the names of a dictionary anew every time; what they hold is the same. The file's
structure: ISO 32000-1, 7.5. It has no object streams, so every object stands in the file as text.
"""

import re
from collections.abc import Iterator

_OBJECT = re.compile(rb"\s*(\d+) 0 obj\s")
_LENGTH = re.compile(rb"/Length (\d+)\b")
_REFERENCE = re.compile(rb"\b(\d+) 0 R\b")
# Entries of one dictionary, a line each, that name objects: their order means nothing.
_ENTRIES = re.compile(rb"(?:^[ ]*/[^\s/]+ \d+ 0 R\n){2,}", re.MULTILINE)


def in_order(document: bytes) -> bytes:
    """The same document with its objects numbered as they are met from its root on.

    Raises ValueError for a file of another structure.
    """
    objects = dict(_objects(document))
    trailer = document.rpartition(b"trailer")[2]
    roots = [int(number) for number in re.findall(rb"/(?:Root|Info) (\d+) 0 R", trailer)]
    if not roots or any(number not in objects for number in roots):
        raise ValueError("a PDF without a root that can be read")
    sorted_bodies = {number: (_sorted(head), tail) for number, (head, tail) in objects.items()}
    numbers: dict[int, int] = {}
    waiting = roots[::-1]
    while waiting:
        number = waiting.pop()
        if number not in numbers:
            numbers[number] = len(numbers) + 1
            waiting += [int(other) for other in _REFERENCE.findall(sorted_bodies[number][0])][::-1]

    def renumbered(text: bytes) -> bytes:
        return _REFERENCE.sub(lambda found: b"%d 0 R" % numbers[int(found[1])], text)

    # A binary comment on the second line tells that the file is no text: 7.5.2.
    written, places = bytearray(b"%PDF-1.7\n%\x80\x80\x80\x80\n"), []
    for number, place in numbers.items():
        head, tail = sorted_bodies[number]
        places.append(len(written))
        written += b"%d 0 obj\n%b%b\nendobj\n" % (place, renumbered(head), tail)
    start = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    written += b"".join(b"%010d 00000 n \n" % place for place in places)
    named = b" ".join(
        b"/%b %d 0 R" % (name, numbers[int(number)]) for name, number in re.findall(rb"/(Root|Info) (\d+) 0 R", trailer)
    )
    written += b"trailer\n<< /Size %d %b >>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, named, start)
    return bytes(written)


def _objects(document: bytes) -> Iterator[tuple[int, tuple[bytes, bytes]]]:
    """Each object's number, and what it holds: its text, and its stream with the keywords around (perhaps nothing)."""
    at = document.index(b"\n", document.index(b"\n") + 1)
    while found := _OBJECT.match(document, at):
        stream, end = document.find(b"stream", found.end()), document.index(b"endobj", found.end())
        if 0 <= stream < end:
            head = document[found.end() : stream]
            length = _LENGTH.search(head)
            if length is None:
                raise ValueError("a stream that does not say its length")
            begin = stream + len(b"stream") + (2 if document[stream + 6 : stream + 8] == b"\r\n" else 1)
            data = document[begin : begin + int(length[1])]
            end = document.index(b"endobj", begin + len(data))
            yield int(found[1]), (head, b"stream\n" + data + b"\nendstream")
        else:
            yield int(found[1]), (document[found.end() : end].rstrip(), b"")
        at = end + len(b"endobj")


def _sorted(text: bytes) -> bytes:
    return _ENTRIES.sub(lambda run: b"".join(sorted(run[0].splitlines(keepends=True))), text)
