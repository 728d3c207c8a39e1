"""Charts as SVG: from small typed data to bytes and to the same data as a table; the same data gives the same bytes.

`models` (data), `telling` (title, description, table), `drawing` and one module a chart (pictures, with matplotlib),
`registry` (which picture belongs to which data), `gathering` (data from the store).
"""
