"""The parts of Grafana that the tests of the alert rules need, written from its documents and its observed behaviour."""
