"""What of Grafana the tests of the alert rules need, written anew from its documents and its observed behaviour."""
