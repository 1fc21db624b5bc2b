"""Generates Grafana's boards and alert rules: the tables of panels and words are here, next to the files that Grafana reads."""
