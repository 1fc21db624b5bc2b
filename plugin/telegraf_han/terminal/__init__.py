"""A page in the terminal: pure pieces (`text`, `keys`, the pages) and one module that touches the terminal (`screen`)."""
