"""The doctor: what is well, what is good to know, what must be mended."""

import re

import pytest

from course_lib import doctor


def test_this_machine_has_what_is_needed_and_every_line_is_readable():
    findings = list(doctor.examine())
    assert [finding.name for finding in findings] == [
        "Python",
        "torch",
        "device",
        "cores",
        "memory",
        "disk",
        "packages",
    ]
    assert doctor.needed_but_missing() == []
    lines = doctor.report(findings).splitlines()
    assert all(re.match(r"^[✓!✗] \w+ +\S|^ +→ \S", line) for line in lines)


@pytest.mark.parametrize(
    ("finding", "mark", "advice"),
    [
        (doctor._python((3, 10)), "✗", "install Python 3.11"),
        (doctor._python((3, 13)), "✓", ""),
        (doctor._memory(2.0), "!", "close other programs"),
        (doctor._memory(16.0), "✓", ""),
        (doctor._disk(0.5), "!", "free some space"),
        (doctor._disk(50.0), "✓", ""),
        (doctor._packages({}), "!", "may differ"),
        (doctor._packages({"torch": "0.1.0"}), "!", "torch .*tested: 0.1.0"),
        (doctor._packages({"no-such-package": "1.0"}), "✓", ""),
    ],
)
def test_each_finding_says_what_to_do(finding, mark, advice):
    assert finding.mark == mark
    assert re.search(advice, finding.advice) if advice else not finding.advice


def test_something_needed_and_missing_is_not_well(monkeypatch):
    monkeypatch.setattr(doctor, "examine", lambda: iter([doctor._python((3, 8))]))
    assert [finding.name for finding in doctor.needed_but_missing()] == ["Python"]
    assert doctor.report().startswith("✗ Python")


def test_tested_versions_are_those_of_constraints():
    assert doctor.tested_versions()["torch"] == "2.13.0"
