"""The guided set-up: `init` asks, shows what it will do, and does it; `remove` takes it away again.

`questions` gets the answers, from the options or from a person. `plan` turns the answers into steps, which are data. `steps` compares each
step with the machine and does what is missing. `texts` holds the content of every file, and `hearing` and `database` reach the meter and
InfluxDB. May import everything below `commands`.
"""
