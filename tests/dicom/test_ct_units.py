"""Maps that are sent as CT are refused by name; Hounsfield units of several energies are told."""

import numpy as np
import pytest
from pydicom import Dataset

from ctpet.dicom.check import check_series
from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.select import select_ct
from ctpet.errors import InputRefused
from tests.dicom.reading import codes, find, read
from tests.dicom_factory import body_hu, ct_series, enhanced_ct, write_series

AXIAL_TYPE = ["ORIGINAL", "PRIMARY", "AXIAL"]


def series_with(hu=None, **attributes):
    slices = ct_series(hu)
    for ds in slices:
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)
    return slices


def refusal(slices, folder):
    with pytest.raises(InputRefused) as caught:
        read(slices, folder)
    assert caught.value.code == "not-hu"
    assert "\n" not in str(caught.value)
    assert "Hounsfield" in caught.value.remedy
    return caught.value.message


@pytest.mark.parametrize(
    ("unit", "what"),
    [
        ("MGML", "a concentration in mg/mL"),
        ("mg/ml", "a concentration in mg/mL"),
        ("Z_EFF", "an effective atomic number"),
        ("ED", "an electron density"),
        ("EDW", "relative to water"),
        ("HU_MOD", "changed to show or hide a material"),
        ("PCT", "a percentage"),
        ("OD", "an optical density"),
        ("1/cm", "another unit"),
        ("100ug/cm^3", "another unit"),
    ],
)
def test_a_rescale_type_that_is_not_hu_is_refused_by_name(tmp_path, unit, what):
    message = refusal(series_with(RescaleType=unit), tmp_path)
    assert message.startswith(f"RescaleType (0028,1054) is {unit}, ")
    assert what in message


@pytest.mark.parametrize("unit", ["HU", "hu", "Hounsfield Units", "", None, "US"])
def test_hounsfield_units_by_any_name_or_none_are_read(tmp_path, unit):
    told = codes(read(series_with(RescaleType=unit), tmp_path))
    assert told == ({"rescale-type"} if unit == "US" else set())


@pytest.mark.parametrize(
    ("word", "what"),
    [
        ("MAT_SPECIFIC", "one material"),
        ("MAT_FRACTIONAL", "one material"),
        ("MAT_VALUE_BASED", "one material"),
        ("MAT_MODIFIED", "show or hide"),
        ("EFF_ATOMIC_NUM", "atomic number"),
        ("Z_EFFECTIVE", "atomic number"),
        ("ELECTRON_DENSITY", "electron density"),
        ("IODINE_NO_WATER", "map of iodine"),
        ("DENSITY_MAP", "one material"),
        ("MRPET_UMAP3D", "attenuation map"),
        ("ATTENUATION", "attenuation map"),
        ("PARAMETRIC", "parametric map"),
        ("CBV", "parametric map"),
    ],
)
def test_an_image_type_that_names_a_map_is_refused(tmp_path, word, what):
    slices = series_with(ImageType=["DERIVED", "PRIMARY", "AXIAL", word])
    message = refusal(slices, tmp_path)
    assert word in message
    assert what in message


@pytest.mark.parametrize(
    "image_type",
    [
        AXIAL_TYPE,
        ["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"],
        ["ORIGINAL", "PRIMARY", "AXIAL", "HELIX"],
        ["DERIVED", "SECONDARY", "REFORMATTED", "AVERAGE"],
        ["DERIVED", "SECONDARY", "AXIAL", "CT_SOM7 SPI DUAL", "DE_MIXED"],
        ["DERIVED", "PRIMARY", "MPR"],
        None,
    ],
)
def test_ordinary_image_types_pass_without_a_word(tmp_path, image_type):
    assert codes(read(series_with(ImageType=image_type), tmp_path)) == set()


@pytest.mark.parametrize("word", ["VMI", "MONO_E", "MONOENERGETIC", "DE_MONO", "70KEV"])
def test_virtual_monoenergetic_images_are_told(tmp_path, word):
    reading = read(series_with(ImageType=["DERIVED", "PRIMARY", "AXIAL", word]), tmp_path)
    assert codes(reading) == {"virtual-monoenergetic"}


def test_the_energy_is_told_where_the_header_says_it(tmp_path):
    characteristics = Dataset()
    characteristics.MonoenergeticEnergyEquivalent = 40.0
    slices = series_with(
        ImageType=["DERIVED", "PRIMARY", "AXIAL", "VMI"],
        MultienergyCTCharacteristicsSequence=[characteristics],
    )
    (finding,) = read(slices, tmp_path / "a").findings
    assert finding.severity == "warning"
    assert "virtual monoenergetic at 40 keV" in finding.message
    described = series_with(SeriesDescription="MonoE 55 keV Abdomen")
    (finding,) = read(described, tmp_path / "b").findings
    assert "at 55 keV" in finding.message
    assert "Abdomen" not in finding.message


@pytest.mark.parametrize("word", ["MAT_REMOVED", "VNC", "VUE", "IODINE_REMOVED"])
def test_virtual_non_contrast_images_are_told(tmp_path, word):
    reading = read(series_with(ImageType=["DERIVED", "PRIMARY", "AXIAL", word]), tmp_path)
    assert codes(reading) == {"virtual-non-contrast"}


def with_units(*code_values):
    """A Real World Value Mapping in each of these units."""
    mappings = []
    for value in code_values:
        unit, mapping = Dataset(), Dataset()
        unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = value, "UCUM", value
        mapping.MeasurementUnitsCodeSequence = [unit]
        mappings.append(mapping)
    return series_with(RealWorldValueMappingSequence=mappings)


def test_real_world_values_in_another_unit_are_refused(tmp_path):
    assert "has the unit mg/mL" in refusal(with_units("mg/mL"), tmp_path)


@pytest.mark.parametrize("units", [("[hnsf'U]",), ("[hnsf'U]", "mg/mL")])
def test_real_world_values_in_hounsfield_units_are_read(tmp_path, units):
    assert codes(read(with_units(*units), tmp_path)) == set()


@pytest.mark.parametrize("where", ["shared", "frames", "type"])
def test_an_enhanced_ct_is_asked_in_its_functional_groups(tmp_path, where):
    ds = enhanced_ct(ct_series())
    if where == "type":
        kind = Dataset()
        kind.FrameType = ["DERIVED", "PRIMARY", "VOLUME", "MAT_SPECIFIC"]
        ds.SharedFunctionalGroupsSequence[0].CTImageFrameTypeSequence = [kind]
    elif where == "frames":
        groups = ds.PerFrameFunctionalGroupsSequence[3]
        groups.PixelValueTransformationSequence[0].RescaleType = "Z_EFF"
    else:
        transformation = Dataset()
        transformation.RescaleType = "MGML"
        shared = ds.SharedFunctionalGroupsSequence[0]
        shared.PixelValueTransformationSequence = [transformation]
    refusal([ds], tmp_path)


def test_scan_lists_a_map_as_not_usable_and_says_why(tmp_path):
    series = find(write_series(series_with(RescaleType="MGML"), tmp_path / "ct"))
    errors = [f for f in check_series(series) if f.severity == "error"]
    assert [error.code for error in errors] == ["not-hu"]


@pytest.mark.parametrize("series", ["own", "same"])
def test_the_ct_beside_its_map_is_chosen(tmp_path, series):
    """A map in a series of its own, or slice by slice in the same one."""
    ct, iodine = ct_series(), series_with(RescaleType="MGML")
    for a, b in zip(ct, iodine, strict=True):
        b.StudyInstanceUID, b.FrameOfReferenceUID = a.StudyInstanceUID, a.FrameOfReferenceUID
        if series == "same":
            b.SeriesInstanceUID = a.SeriesInstanceUID
    folder = write_series([*ct, *iodine], tmp_path / "ct")
    reading = read_ct(select_ct(discover(folder)))
    assert np.array_equal(reading.volume.array, body_hu((12, 40, 48)))
    if series == "own":
        with pytest.raises(InputRefused, match="MGML") as caught:
            read_ct(select_ct(discover(folder), series=str(iodine[0].SeriesInstanceUID)))
        assert caught.value.code == "not-hu"


@pytest.mark.parametrize(
    ("description", "values"),
    [("Iodine (mg/mL)", (0, 5, 20)), ("Z eff", (0, 7, 12)), ("body UMAP", (0, 854, 1000))],
)
def test_a_description_counts_where_the_values_agree(tmp_path, description, values):
    hu = body_hu((12, 40, 48))
    air, soft, bone = values
    mapped = np.select([hu < -500, hu < 500], [air, soft], bone).astype(np.int16)
    message = refusal(series_with(mapped, SeriesDescription=description), tmp_path)
    assert "SeriesDescription (0008,103E) speaks of" in message


@pytest.mark.parametrize("description", ["Abdomen iodine contrast", "Perfusion CBF", "DE umap"])
def test_a_description_alone_refuses_nothing(tmp_path, description):
    assert codes(read(series_with(SeriesDescription=description), tmp_path)) == set()
