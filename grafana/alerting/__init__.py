"""The alert rules of Grafana: one table of rules, written out as provisioning files in English and Polish by build.py."""
