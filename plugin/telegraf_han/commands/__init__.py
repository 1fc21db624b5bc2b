"""One module per sub-command, with the name of the command. `cli` imports a module only when its command is called.

`listening` belongs to `check`, `redact` and `tables` belong to `decode`; `arguments` and `captures` serve several. May import every
other package.
"""
