"""The alert rules of Grafana: one table of rules. build.py writes it as provisioning files in English and Polish."""
