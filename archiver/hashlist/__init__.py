"""Lists of hashes as files that teams share: read with every row that makes no sense named by number, and written.

Each kind is a form that others' tools have already:

    digests  CSV with a header of `sha256`, `sha512` or both; other columns are passed over; or one digest a line
    pdq      CSV `hash,quality`, with that header or without: what Meta's PDQ tools read and write
    vpdq     one video a line: the JSON list of "hash,quality,seconds" that python-threatexchange and HMA read and
             write, or its older JSON object by frame numbers; or one video in all, the lines
             "frame,quality,hash,seconds" of Meta's vpdq-hash-video
    sound    one recording a line, the JSON object that `fpcalc -raw -json` prints

A list holds nothing but hashes, sizes and times: no address, title, name or case.
"""
