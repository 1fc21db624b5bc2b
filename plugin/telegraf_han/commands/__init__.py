"""One module a sub-command; each is imported only when it is called."""
