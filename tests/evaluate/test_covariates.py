"""A table of patients: what it may hold, what is shown of it, and what is refused."""

import pytest

from ctpet.errors import InputRefused
from ctpet.evaluate.covariates import read_covariates


@pytest.fixture
def read(tmp_path):
    def read(text, encoding="utf-8", **cuts):
        path = tmp_path / "patients.csv"
        path.write_text(text, encoding)
        return read_covariates(path, cuts)

    return read


def table(name, *values, key="patient"):
    return "\n".join([f"{key},{name}", *(f"p{n},{value}" for n, value in enumerate(values))])


def only(found):
    (column,) = found.columns
    return column


def refused(read, text, code, match, **cuts):
    with pytest.raises(InputRefused, match=match) as refusal:
        read(text, **cuts)
    assert refusal.value.code == code


def test_numbers_texts_and_what_is_missing(read):
    found = read("patient,age,sex\na,61,F\nb, ,f \nc,N/A,M\nd,59.5, Unknown\n,,\n")
    age, sex = found.columns
    assert (age.split, dict(age.values)) == ("median", {"a": 61, "d": 59.5})
    assert (sex.split, dict(sex.values)) == ("groups", {"a": "F", "b": "F", "c": "M"})
    assert found.lines == {"a": 2, "b": 3, "c": 4, "d": 5}


@pytest.mark.parametrize("key", ["patient", "Patient ID", "PatientID", "participant_id"])
def test_the_column_of_patients_goes_by_several_names(read, key):
    assert list(read(table("bmi", 20.5, 30.1, key=key)).lines) == ["p0", "p1"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_tables_of_countries_with_decimal_commas(read, delimiter):
    text = "patient,bmi,site\na,27#5,Huế\nb,31#25,Huế\n".replace(",", delimiter).replace("#", ",")
    bmi, site = read(text, "utf-8-sig").columns
    assert dict(bmi.values) == {"a": 27.5, "b": 31.25}
    assert dict(site.values) == {"a": "Huế", "b": "Huế"}


def test_few_whole_numbers_are_codes_and_others_are_split(read):
    codes = only(read(table("scanner", 1, 2, 2, 1, 3, 3)))
    assert (codes.split, codes.values["p0"]) == ("groups", "1")
    assert only(read(table("age", 61, 70, 70, 61, 55))).split == "median"
    given = only(read(table("scanner", 1, 2, 2, 1), scanner=(1.5,)))
    assert (given.split, given.cuts, given.values["p0"]) == ("given", (1.5,), 1)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (["Anna", "Ben"], "identifier"),
        (["Anna", "Ben", "Cara", "Dan", "Eve"], "identifier"),
        (["1951-03-02", "1960-11-30", "1944-01-01"], "identifier"),
        ([19510302, 19601130, 19440101], "identifier"),
        (["0012", "0013", "0014"], "identifier"),
        (["Anna", "Anna", "Ben", "Cara", "Dan", "Eve"], "many"),
        ([*"abcdefghijk"] * 3, "many"),
        (["", "NA", "?"], "empty"),
    ],
)
def test_what_may_name_a_patient_is_not_shown(read, values, why):
    found = read(table("column", *values))
    assert (found.columns, found.left_out) == ((), (("column", why),))


@pytest.mark.parametrize("values", [[*"abcdefghij"] * 2, [1, 2, "4a", 1, 2, 2], ["F", "M", "M"]])
def test_groups_of_some_patients_are_shown(read, values):
    assert only(read(table("column", *values))).split == "groups"


def test_a_number_that_is_none_is_refused_with_its_line(read):
    text = table("bmi", 27.5, 31.2, "24 kg", 22.8)
    refused(read, text, "covariate-mixed", "Line 4, column bmi: '24 kg'")
    # In a table with commas between cells 27,5 is a text.
    refused(read, 'patient,bmi\na,20\nb,"27,5"\nc,30\nd,31', "covariate-mixed", "Line 3")
    refused(read, table("x", 1, 2.5, "inf", 4), "covariate-mixed", "'inf'")
    refused(read, table("x", 1, 2.5, "1_000", 4), "covariate-mixed", "'1_000'")


@pytest.mark.parametrize(
    ("text", "code", "match"),
    [
        ("name,age\na,1", "covariates-key", "no of the columns"),
        ("patient,PatientID\na,b", "covariates-key", "2 of the columns"),
        ("patient,age\na,1\nb,2\na,3", "covariates-patient", "Line 4 .* patient of line 2"),
        ("patient,age\na,1\n,2", "covariates-patient", "Line 3 .* names none"),
        ("patient,age,age\na,1,2", "table-columns", "two columns called age"),
        ("patient,,age\na,1,2", "table-columns", "without a name"),
        ("patient,age\na,1,2", "table-ragged", "Line 2"),
        ("", "covariates-key", "no of the columns"),
    ],
)
def test_a_table_that_cannot_be_trusted_is_refused(read, text, code, match):
    refused(read, text, code, match)


def test_empty_columns_and_rows_of_spreadsheets_are_none(read):
    found = read("patient,age,,\na,61,,\n,,,\nb,70,,\n")
    assert found.lines == {"a": 2, "b": 4}
    assert only(found).name == "age"


def test_a_cut_needs_its_column_of_numbers(read):
    text = "patient,bmi,sex\na,20.5,F\nb,31,F"
    refused(read, text, "cut-unknown", "called BMI", BMI=(25,))
    refused(read, text, "cut-unknown", "called sex", sex=(25,))


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "p.csv").write_bytes("patient,site\na,Münster\nb,Münster".encode("latin-1"))
    with pytest.raises(InputRefused, match="UTF-8"):
        read_covariates(tmp_path / "p.csv", {})
