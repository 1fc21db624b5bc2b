"""Grafana boards and alert rules, generated: tables of panels and words here, the files that Grafana reads beside them."""
