"""Where people answer in a browser: inbox, decision page, lifecycle page."""
