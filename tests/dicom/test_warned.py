"""No value of a header gets into a finding with pydicom's own warnings."""

import warnings

import pytest

from ctpet.dicom.warned import collected_warnings, header_warning_findings, without_values


@pytest.mark.parametrize("name", ["Ánh", "O'Brien", 'Bob "Bobby" Lê', 'O\'Brien "Bob" Lê', "a\nb"])
@pytest.mark.parametrize("quoted", [repr, "'{}'".format, '"{}"'.format])
def test_nothing_quoted_is_left(name, quoted):
    text = f"Invalid value for VR UI: {quoted(name)}. Please see <https://dicom.org> for more."
    assert without_values(text) == "Invalid value for VR UI: …"


def test_warnings_become_one_finding_each():
    with collected_warnings() as collected:
        for value in ("x", "y"):
            warnings.warn(f"odd value '{value}'", stacklevel=1)
    (finding,) = header_warning_findings([str(one.message) for one in collected])
    assert (finding.code, finding.message) == ("header-warning", "odd value … (2×)")
