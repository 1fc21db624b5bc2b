"""Works with InfluxDB 2: buckets, down-sampling, checks, tokens, and the import of captures and history.

Nothing outside this package imports `influxdb_client`, because it takes 200 ms to load. May import `inspection` and the layers below it.
"""
