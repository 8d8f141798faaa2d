"""Writes a copy of a model whose node and weight names are markup.

hostile.py MODEL OUT: names are replaced by others of the same length, so the file stays valid.
"""

import sys

model, out = sys.argv[1:]
with open(model, "rb") as file:
    data = file.read()
for name, text in [
    (b"node_linear_3", b"</script><b>x"),
    (b"node_linear_6", b"<!--<script>&"),
    (b"input_ids", b"\"'><i>@&\\"),
    (b"val_250", b"\xff\xfe</a>!"),
]:
    assert len(name) == len(text) and name in data, name
    data = data.replace(name, text)
with open(out, "wb") as file:
    file.write(data)
