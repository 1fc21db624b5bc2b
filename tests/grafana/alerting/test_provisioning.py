"""The validator: each thing that Grafana refuses or ignores is tested by a good file that is broken in one place."""

import copy

import pytest
import yaml
from likegrafana import provisioning

GOOD = """
apiVersion: 1
groups:
  - orgId: 1
    name: group
    folder: folder
    interval: 1m
    rules:
      - uid: rule
        title: A rule
        condition: breach
        for: 5m
        noDataState: OK
        execErrState: Error
        annotations: {summary: "{{ if $labels.meter }}{{ $labels.meter }}{{ end }} above", __dashboardUid__: home, __panelId__: "3"}
        labels: {severity: warning, price: 3 $$}
        notification_settings: {receiver: point, group_by: [grafana_folder, alertname, meter], repeat_interval: 1d}
        data:
          - refId: power
            datasourceUid: influx
            relativeTimeRange: {from: 600, to: 0}
            model: {refId: power, rawQuery: true, query: "SELECT last(x) FROM y WHERE $timeFilter"}
          - {refId: last, datasourceUid: __expr__, model: {type: reduce, expression: power, reducer: last, settings: {mode: dropNN}}}
          - {refId: excess, datasourceUid: __expr__, model: {type: math, expression: $last - 6000}}
          - refId: breach
            datasourceUid: __expr__
            model: {type: threshold, expression: excess, conditions: [{evaluator: {type: gt, params: [0]}}]}
contactPoints:
  - {orgId: 1, name: point, receivers: [{uid: point, type: email, settings: {addresses: "$ADDRESS"}}]}
templates:
  - {orgId: 1, name: words, template: '{{ define "words" }}{{ range .Alerts }}{{ .Status }}{{ end }}{{ end }}'}
"""
ENV = {"ADDRESS": "me@example.org"}


def test_good() -> None:
    """The good file, from which the broken ones are made, is accepted."""
    assert provisioning.problems({"good.yaml": GOOD, "notes.txt": "groups: 3"}, ENV) == []


def rule(whole):
    """The rule of the good file."""
    return whole["groups"][0]["rules"][0]


def node(whole, number):
    """One of its nodes."""
    return rule(whole)["data"][number]


def put(table, **changes):
    """A change: values by key; None takes the key away."""
    for key, value in changes.items():
        if value is None:
            del table[key]
        else:
            table[key] = value


BROKEN = {
    "group without name": (lambda w: put(w["groups"][0], name=" "), "name is not set"),
    "group without folder": (lambda w: put(w["groups"][0], folder=None), "folder is not set"),
    "group without interval": (lambda w: put(w["groups"][0], interval=None), "interval: not a valid duration"),
    "interval in words": (lambda w: put(w["groups"][0], interval="1 minute"), "interval: not a valid duration"),
    "interval of 15 s": (lambda w: put(w["groups"][0], interval="15s"), "no multiple of 10 s"),
    "interval of nothing": (lambda w: put(w["groups"][0], interval="0s"), "no multiple of 10 s"),
    "groups as a table": (lambda w: put(w, groups={"name": "x"}), "groups is no list"),
    "rule without uid": (lambda w: put(rule(w), uid=""), "the uid is not 1 to 40"),
    "uid too long": (lambda w: put(rule(w), uid="x" * 41), "the uid is not 1 to 40"),
    "uid with a blank": (lambda w: put(rule(w), uid="my rule"), "the uid is not 1 to 40"),
    "uid twice": (lambda w: w["groups"][0]["rules"].append(copy.deepcopy(rule(w))), "uid 'rule' stands twice"),
    "title twice": (
        lambda w: w["groups"][0]["rules"].append(copy.deepcopy(rule(w)) | {"uid": "other"}),
        "title 'A rule' stands twice",
    ),
    "rule without title": (lambda w: put(rule(w), title=None), "title is not set"),
    "rule without condition": (lambda w: put(rule(w), condition=None), "condition is not set"),
    "condition that is no node": (lambda w: put(rule(w), condition="C"), "condition 'C' does not exist"),
    "rule without data": (lambda w: put(rule(w), data=[]), "data is not set"),
    "for in words": (lambda w: put(rule(w), **{"for": "five minutes"}), "for: not a valid duration"),
    "for as fraction": (lambda w: put(rule(w), **{"for": "1.5m"}), "for: not a valid duration"),
    "units the wrong way round": (lambda w: put(rule(w), **{"for": "5s1m"}), "for: not a valid duration"),
    "no-data state": (lambda w: put(rule(w), noDataState="Ok"), "noDataState is none of"),
    "no-data state not set": (lambda w: put(rule(w), noDataState=None), "noDataState is none of"),
    "error state": (lambda w: put(rule(w), execErrState="NoData"), "execErrState is none of"),
    "label reserved": (lambda w: put(rule(w)["labels"], __grafana_receiver__="x"), "is Grafana's own"),
    "label with $": (lambda w: put(rule(w)["labels"], price="3 $PLN"), "$ in label price would be filled in"),
    "label as number": (lambda w: put(rule(w)["labels"], level=3), "labels level is no text"),
    "annotation with ${}": (lambda w: put(rule(w)["annotations"], summary="${meter}"), "in annotation summary would be filled in"),
    "annotation not closed": (lambda w: put(rule(w)["annotations"], summary="{{ $labels.meter "), "{{ and }} do not pair"),
    "annotation without end": (lambda w: put(rule(w)["annotations"], summary="{{ if 1 }}x"), "{{ end }} is missing"),
    "board without panel": (lambda w: put(rule(w)["annotations"], __panelId__=None), "go together"),
    "receiver that is not there": (lambda w: put(rule(w)["notification_settings"], receiver="x"), "receiver 'x' does not exist"),
    "no receiver": (lambda w: put(rule(w)["notification_settings"], receiver="$UNSET"), "receiver '' does not exist"),
    "group_by": (lambda w: put(rule(w)["notification_settings"], group_by=["meter"]), "group_by lacks"),
    "repeat_interval": (lambda w: put(rule(w)["notification_settings"], repeat_interval="daily"), "repeat_interval: not a valid"),
    "refId twice": (lambda w: put(node(w, 1), refId="power"), "refId 'power' is missing or stands twice"),
    "no data source": (lambda w: put(node(w, 0), datasourceUid=None), "no datasourceUid"),
    "range 0/0": (lambda w: put(node(w, 0), relativeTimeRange={"from": 0, "to": 0}), "relativeTimeRange wants"),
    "no range": (lambda w: put(node(w, 0), relativeTimeRange=None), "relativeTimeRange wants"),
    "range in words": (lambda w: put(node(w, 0), relativeTimeRange={"from": "10m", "to": 0}), "relativeTimeRange wants"),
    "range back to front": (lambda w: put(node(w, 0), relativeTimeRange={"from": 60, "to": 600}), "relativeTimeRange wants"),
    "built query": (lambda w: put(node(w, 0)["model"], rawQuery=False), "no raw query"),
    "expression of no type": (lambda w: put(node(w, 1)["model"], type="last"), "'last' is not a recognized expression type"),
    "reduce of nothing": (lambda w: put(node(w, 1)["model"], expression=""), "no expression"),
    "reducer": (lambda w: put(node(w, 1)["model"], reducer="avg"), "reducer 'avg' does not exist"),
    "reduce mode": (lambda w: put(node(w, 1)["model"], settings={"mode": "drop"}), "mode 'drop' does not exist"),
    "math of a node that is not there": (lambda w: put(node(w, 2)["model"], expression="$A - 1"), "excess needs A, which does not exist"),
    "math that does not parse": (lambda w: put(node(w, 2)["model"], expression="$last -- 1"), "unexpected '--'"),
    "math left open": (lambda w: put(node(w, 2)["model"], expression="($last - 1"), "missing )"),
    "math function": (lambda w: put(node(w, 2)["model"], expression="max($last)"), "non existent function max"),
    "math quoted": (lambda w: put(node(w, 2)["model"], expression="$last - '1'"), "invalid character"),
    "circle": (lambda w: put(node(w, 2)["model"], expression="$last + $breach"), "needs itself"),
    "threshold without numbers": (
        lambda w: put(node(w, 3)["model"], conditions=[{"evaluator": {"type": "gt", "params": []}}]),
        "without its numbers",
    ),
    "threshold of another kind": (
        lambda w: put(node(w, 3)["model"], conditions=[{"evaluator": {"type": "above", "params": [0]}}]),
        "a threshold of another kind",
    ),
    "two conditions": (lambda w: node(w, 3)["model"]["conditions"].append({"evaluator": {"type": "gt", "params": [0]}}), "exactly one"),
    "threshold on a series": (lambda w: put(node(w, 3)["model"], expression="power"), "only reduced data"),
    "math on a series": (lambda w: put(node(w, 2)["model"], expression="$power - 1"), "only reduced data"),
    "contact point without name": (lambda w: put(w["contactPoints"][0], name=""), "no name is set"),
    "contact point without uid": (lambda w: put(w["contactPoints"][0]["receivers"][0], uid=""), "uid '' is not 1 to 40"),
    "contact point of a type": (lambda w: put(w["contactPoints"][0]["receivers"][0], type="mail"), "type 'mail' is not known"),
    "contact point without address": (
        lambda w: put(w["contactPoints"][0]["receivers"][0], settings={"addresses": "$UNSET"}),
        "addresses is empty",
    ),
    "contact point's uid twice": (lambda w: w["contactPoints"].append(w["contactPoints"][0] | {"name": "b"}), "uid point stands twice"),
    "template without name": (lambda w: put(w["templates"][0], name=""), "the name is missing"),
    "template's name twice": (lambda w: w["templates"].append(w["templates"][0]), "stands twice"),
    "template without end": (lambda w: put(w["templates"][0], template='{{ define "x" }}'), "{{ end }} is missing"),
    "template with too many ends": (lambda w: put(w["templates"][0], template="{{ end }}"), "without a beginning"),
    "policies": (lambda w: put(w, policies=[{"receiver": "point"}]), "policies overwrites what is the owner's"),
    "policies reset": (lambda w: put(w, resetPolicies=[1]), "resetPolicies overwrites"),
    "misspelt section": (lambda w: put(w, contactpoints=[]), "contactpoints is no key of a file"),
    "misspelt group key": (lambda w: put(w["groups"][0], intervall="1m"), "intervall is no key of a group"),
    "misspelt rule key": (lambda w: put(rule(w), keep_firing_for="5m"), "keep_firing_for is no key of a rule"),
    "misspelt query key": (lambda w: put(node(w, 0), refID="A"), "refID is no key of a query"),
    "misspelt notification key": (lambda w: put(rule(w)["notification_settings"], groupBy=[]), "groupBy is no key of a notification"),
    "misspelt receiver key": (lambda w: put(w["contactPoints"][0]["receivers"][0], setting={}), "setting is no key of a receiver"),
    "misspelt template key": (lambda w: put(w["templates"][0], text="x"), "text is no key of a template"),
    "misspelt contact point key": (lambda w: put(w["contactPoints"][0], org=1), "org is no key of a contact point"),
}


@pytest.mark.parametrize(("change", "sentence"), BROKEN.values(), ids=BROKEN)
def test_broken(change, sentence) -> None:
    """One broken place is found and named."""
    whole = yaml.safe_load(GOOD)
    change(whole)

    found = provisioning.problems({"broken.yaml": yaml.safe_dump(whole)}, ENV)

    assert any(sentence in problem for problem in found), found


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("groups: [", "while parsing"),
        ("groups:\n\t- name: x", "cannot start any token"),
        ("apiVersion: 1\napiVersion: 1", "mapping key 'apiVersion' already defined"),
        ("groups:\n  - {name: a, name: b}", "mapping key 'name' already defined"),
    ],
    ids=["not closed", "tab", "key twice", "inner key twice"],
)
def test_broken_text(text, sentence) -> None:
    """A file that is no YAML, or has a key twice, is found and named."""
    (problem,) = provisioning.problems({"broken.yaml": text}, ENV)

    assert problem.startswith("broken.yaml: ")
    assert sentence in problem


@pytest.mark.parametrize(
    ("text", "filled"),
    [("$A", "x"), ("${A}b", "xb"), ("$Ab", ""), ("$$A", "$A"), ("3 $", "3 $"), ("${UNSET}#", "#"), ("$A$$$A", "x$x")],
)
def test_interpolation(text, filled) -> None:
    """Variables are filled in as by Go's os.ExpandEnv, and two dollar signs become one."""
    assert provisioning.interpolated(text, {"A": "x"}) == filled
