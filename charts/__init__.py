"""Charts as SVG: from small typed data to bytes and to the same data as a table; the same data gives the same bytes.

`models` (data), `telling` (title, description, table), `drawing` and one module a chart (pictures, with matplotlib),
`registry` (which picture belongs to which data), `gathering` (data from the store).
"""

from __future__ import annotations

import logging

# Before matplotlib is loaded: that there is no home to keep its list of fonts in, or one weight of ours, is no news here.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
