"""A fleet: many sites that send through NATS to one InfluxDB. This package writes the files of its hosts, and looks after it.

Nothing here runs for long. What runs are NATS, Telegraf and InfluxDB, with the files that are written here. `plan` is what the owner
decides, `registry` knows the sites, `certificates` makes their credentials, `natsfiles` and `telegraffiles` are the content of files,
`folder` puts them together into one archive per host. `broker` speaks with the running NATS. What is wrong is found by `checking` (of
a site) and `condition` (of the whole), from `facts` that `watching` takes from NATS and `stored` from InfluxDB.
docs/fleet.md shows the whole. May import everything below `commands` except `setup`.
"""
