"""One module per sub-command. Each module here is the command of that name, except those with "_" in front, which commands share.

`cli` imports a module only when its command is called. These modules may import every other package.
"""
