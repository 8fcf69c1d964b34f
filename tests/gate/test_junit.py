"""The JUnit XML holds to the usual schema, whatever the texts in it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.gate.case import Case, CaseOutcome
from chaos.gate.verdict import GateVerdict
from chaos.reports.junit import render
from tests.gate.planted import gate, judged, played

SUITE = {"id", "package", "name", "timestamp", "hostname", "tests", "failures", "errors", "skipped", "time"}
INSIDE = {"failure": {"message", "type"}, "error": {"message", "type"}, "skipped": {"message"}}


def checked(text: str) -> list[ET.Element]:
    """The suites of a document that holds to the structure the schema of windyroad/JUnit-Schema demands."""
    root = ET.fromstring(text)
    assert (root.tag, root.attrib) == ("testsuites", {})
    for number, suite in enumerate(root):
        assert (suite.tag, set(suite.attrib), suite.attrib["id"]) == ("testsuite", SUITE, str(number))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
        assert re.fullmatch(r"\d+\.\d+", suite.attrib["time"])
        assert suite.attrib["name"]
        cases = suite.findall("testcase")
        assert [part.tag for part in suite] == [
            "properties",
            *["testcase"] * len(cases),
            "system-out",
            "system-err",
        ]
        assert all(set(each.attrib) == {"name", "value"} for each in suite.iterfind("properties/property"))
        assert int(suite.attrib["tests"]) == len(cases)
        for kind, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(suite.attrib[count]) == len(suite.findall(f"testcase/{kind}"))
        for case in cases:
            assert set(case.attrib) == {"name", "classname", "time"}
            assert len(case) <= 1
            assert all(set(each.attrib) == INSIDE[each.tag] for each in case)
    return list(root)


def with_case(**changed: Any) -> GateVerdict:
    case = replace(Case("check", "name", "pass", "because"), **changed)
    return gate(replace(judged(played()), cases=(case,)))


@pytest.mark.parametrize(
    ("outcome", "element"),
    [
        ("fail", "failure"),
        ("error", "error"),
        ("unknown", "error"),
        ("not exercised", "skipped"),
        ("pass", None),
    ],
)
def test_each_outcome_has_its_own_element(outcome: CaseOutcome, element: str | None) -> None:
    (suite,) = checked(render(with_case(outcome=outcome)))
    (case,) = suite.findall("testcase")
    assert [each.tag for each in case] == ([element] if element else [])
    assert all(each.attrib["message"] == "because" for each in case)


def test_a_suite_for_each_experiment_and_one_for_the_drill() -> None:
    drill = Case("drill", "last_passing_drill", "fail", "no drill has passed")
    runs = judged(played()), judged(played(5, ("could not write the report",), experiment="smoke"))
    suites = checked(render(gate(*runs, drill=drill)))
    assert [suite.attrib["name"] for suite in suites] == ["midnight", "smoke", "drill"]
    assert [suite.attrib["errors"] for suite in suites] == ["0", "1", "0"]
    assert [suite.attrib["failures"] for suite in suites] == ["0", "0", "1"]
    assert "could not write" in (suites[1].findtext("system-err") or "")


def test_a_failure_says_what_was_measured_and_whether_the_limit_is_a_floor() -> None:
    (suite,) = checked(render(with_case(outcome="fail", measured=0.9, allowed=0.99, unit="ratio", sign="≥")))
    failure = suite.find("testcase/failure")
    assert failure is not None and failure.attrib["message"] == "because"
    assert failure.text == "because\nmeasured 90 %, allowed ≥ 99 %"


@given(st.text(), st.text())
def test_no_text_breaks_the_document(because: str, name: str) -> None:
    checked(render(with_case(outcome="fail", because=because, name=name)).encode("utf-8").decode())


@pytest.mark.parametrize("text", ["\x00\x1b[31m", "<&\"'>]]>", "\ud800", "\ufffe", "naïve ≥ 99 %"])
def test_characters_that_xml_cannot_hold_are_replaced_and_the_rest_is_kept(text: str) -> None:
    (suite,) = checked(render(with_case(outcome="fail", because=f"a{text}b")))
    told = suite.findtext("testcase/failure") or ""
    kept = "".join("�" if char in "\x00\x1b\ud800\ufffe" else char for char in text)
    assert told == f"a{kept}b"
