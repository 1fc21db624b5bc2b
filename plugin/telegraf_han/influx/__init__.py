"""InfluxDB 2 through influxdb-client; nothing outside this package imports that library, since it costs 200 ms to load."""
