"""HU come out right whatever way they are stored."""

from dataclasses import replace

import numpy as np
import pytest

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.stack import load_stack
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from tests.dicom.reading import codes, find, ramp_series, read, stored_as
from tests.dicom_factory import body_hu, ct_series, write_series

HU = body_hu((4, 12, 16))


def with_values(values, dtype="<i2", intercept=0, **options):
    """A series of one plane's stored values, repeated in three slices."""
    values = np.array(values, dtype)
    assert values.ndim == 2
    slices = ct_series(np.zeros((3, *values.shape), np.int16))
    for ds in slices:
        ds.PixelData = values.tobytes()
        ds.PixelRepresentation = int(values.dtype.kind == "i")
        ds.RescaleIntercept = str(intercept)
        for keyword, value in options.items():
            setattr(ds, keyword, value)
    return slices


def test_signed_and_unsigned_and_intercepts_agree(tmp_path):
    kinds = [("<i2", -1024, 1), ("<u2", -1024, 1), ("<i2", 0, 1), ("<u2", -8192, 1), ("<i2", 0, 4)]
    for number, (dtype, intercept, slope) in enumerate(kinds):
        slices = stored_as(ct_series(HU), dtype, intercept=intercept, slope=slope)
        reading = read(slices, tmp_path / str(number))
        assert np.array_equal(reading.volume.array, HU), (dtype, intercept, slope)
        assert reading.volume.array.dtype == np.float32
        assert not codes(reading)


def test_each_slice_keeps_its_own_slope_and_type(tmp_path):
    slices = ct_series(np.zeros((3, 2, 2), np.int16))
    for ds, slope, dtype in zip(slices, ("2.7", "1", "0.1"), ("<i2", "<u2", "<i2"), strict=True):
        ds.PixelData = np.array([[1, 10], [100, 300]], dtype).tobytes()
        ds.PixelRepresentation = int(dtype == "<i2")
        ds.RescaleSlope, ds.RescaleIntercept = slope, "0.5"
    array = read(slices, tmp_path).volume.array
    stored = np.array([[1, 10], [100, 300]])
    for plane, slope in zip(array, (2.7, 1, 0.1), strict=True):
        assert np.allclose(plane, stored * slope + 0.5, rtol=1e-6)


def test_eight_and_thirty_two_bits(tmp_path):
    hu = np.tile(np.array([[-1000, 20], [40, 60]], np.int16), (3, 1, 1))
    slices = stored_as(ct_series(hu), "u1", intercept=-1020, slope=20)
    assert np.array_equal(read(slices, tmp_path / "8").volume.array, hu)
    slices = stored_as(ct_series(hu), "<i4", intercept=-1024)
    for ds in slices:
        ds["PixelData"].VR = "OW"
    assert np.array_equal(read(slices, tmp_path / "32").volume.array, hu)


def test_scale_multiplies_slope_and_intercept(tmp_path):
    series = find(write_series(ramp_series(4), tmp_path / "ct"))
    stack = load_stack(
        series, quantity="BQML", scale=lambda header: float(header.InstanceNumber) / 2
    )
    assert stack.volume.array[:, 0, 0].tolist() == [0, 100, 300, 600]
    assert stack.volume.quantity == "BQML"


@pytest.mark.parametrize(("slope", "intercept"), [("0", "-1024"), ("nan", "-1024"), ("1", "inf")])
def test_impossible_rescale_is_refused(tmp_path, slope, intercept):
    slices = ramp_series()
    folder = write_series(slices, tmp_path / "ct")
    series = find(folder)
    header = series.headers[3]
    header.RescaleSlope, header.RescaleIntercept = float(slope), float(intercept)
    with pytest.raises(InputRefused) as refused:
        load_stack(series, quantity="HU")
    assert refused.value.code == "rescale-invalid"


@pytest.mark.parametrize("padding", [-2000, -3024, -32768])
@pytest.mark.parametrize("intercept", [0, -1024])
@pytest.mark.parametrize("named", [True, False])
def test_padding_becomes_air(tmp_path, padding, intercept, named):
    values = [[padding, -1000 - intercept], [40 - intercept, padding]]
    extra = {"PixelPaddingValue": padding} if named else {}
    slices = with_values(values, intercept=intercept, **extra)
    for ds in slices if named else ():
        ds["PixelPaddingValue"].VR = "SS"
    reading = read(slices, tmp_path)
    assert reading.volume.array[1].tolist() == [[-1024, -1000], [40, -1024]]
    told = next(f for f in reading.findings if f.code == "padding-filled")
    assert told.message.startswith("6 voxels")


def test_noise_below_air_is_no_padding(tmp_path):
    values = [[-1100, -1024], [-1490, 30]]
    reading = read(with_values(values), tmp_path)
    assert reading.volume.array[0].tolist() == values
    assert not codes(reading)


def test_named_padding_with_a_range(tmp_path):
    slices = with_values(
        [[-1200, -1190], [-1180, 40]], PixelPaddingValue=-1200, PixelPaddingRangeLimit=-1190
    )
    for ds in slices:
        ds["PixelPaddingValue"].VR = ds["PixelPaddingRangeLimit"].VR = "SS"
    assert read(slices, tmp_path).volume.array[0].tolist() == [[-1024, -1024], [-1180, 40]]


def test_named_padding_of_unsigned_values(tmp_path):
    slices = with_values([[0, 24], [1064, 0]], "<u2", intercept=-1000, PixelPaddingValue=0)
    for ds in slices:
        ds["PixelPaddingValue"].VR = "US"
    assert read(slices, tmp_path).volume.array[0].tolist() == [[-1024, -976], [64, -1024]]


def test_named_padding_in_implicit_vr(tmp_path):
    slices = with_values([[-1200, -900], [40, 50]], PixelPaddingValue=-1200)
    for ds in slices:
        ds["PixelPaddingValue"].VR = "SS"
        ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2"
    assert read(slices, tmp_path).volume.array[0].tolist() == [[-1024, -900], [40, 50]]


def test_padding_in_the_range_of_tissue_is_not_believed(tmp_path):
    slices = with_values([[-1000, 0], [40, 0]], PixelPaddingValue=0)
    for ds in slices:
        ds["PixelPaddingValue"].VR = "SS"
    reading = read(slices, tmp_path)
    assert reading.volume.array[0].tolist() == [[-1000, 0], [40, 0]]
    assert "padding-ignored" in codes(reading)


def test_pet_padding_becomes_zero(tmp_path):
    slices = with_values([[-5, 10], [20, -3000]], PixelPaddingValue=-5, Modality="PT")
    for ds in slices:
        ds["PixelPaddingValue"].VR = "SS"
    (series,) = discover(write_series(slices, tmp_path / "pet")).series
    array = load_stack(series, quantity="BQML").volume.array
    assert array[0].tolist() == [[0, 10], [20, -3000]]


def test_monochrome1_does_not_turn_hu_around(tmp_path):
    slices = ct_series(HU)
    for ds in slices:
        ds.PhotometricInterpretation = "MONOCHROME1"
    reading = read(slices, tmp_path)
    assert np.array_equal(reading.volume.array, HU)
    assert "monochrome1" in codes(reading)


def twelve_bits(values, *, signed, intercept):
    """Store these 16-bit patterns with BitsStored 12."""
    return with_values(
        values,
        "<i2" if signed else "<u2",
        intercept=intercept,
        BitsStored=12,
        HighBit=11,
    )


@pytest.mark.parametrize(
    ("values", "signed", "intercept", "hu", "code"),
    [
        # sign extended, as most write it
        ([[-1000, 40], [1500, -2000]], True, 0, [[-1000, 40], [1500, -1024]], None),
        # sign in bit 11 and zeros above: 0xC18 is −1000
        ([[0x0C18, 40], [1500, 0x0FFF]], True, 0, [[-1000, 40], [1500, -1]], "sign-extended"),
        # BitsStored too small for what is there: 3000 is bone or metal, not −1096
        ([[-1000, 40], [3000, -20]], True, 0, [[-1000, 40], [3000, -20]], "bits-beyond-stored"),
        # unsigned, with the padding −2000 wrapped through all 16 bits
        ([[63536, 1064], [24, 2024]], False, -1024, [[-1024, 40], [-1000, 1000]], "sign-wrapped"),
        # unsigned, with an overlay in bit 12
        ([[0x1000 + 24, 1064], [24, 2024]], False, -1024, [[-1000, 40], [-1000, 1000]],
         "bits-beyond-stored"),
        ([[0, 1064], [24, 4095]], False, -1024, [[-1024, 40], [-1000, 3071]], None),
    ],
)  # fmt: skip
def test_twelve_bits(tmp_path, values, signed, intercept, hu, code):
    reading = read(twelve_bits(values, signed=signed, intercept=intercept), tmp_path)
    assert reading.volume.array[1].tolist() == hu
    assert codes(reading) - {"padding-filled"} == ({code} if code else set())


def test_negative_values_wrapped_to_unsigned_sixteen_bits(tmp_path):
    slices = stored_as(ct_series(HU), "<u2", intercept=0, wrap=True)
    reading = read(slices, tmp_path)
    assert np.array_equal(reading.volume.array, HU)
    assert "sign-wrapped" in codes(reading)


@pytest.mark.parametrize("keyword", ["BitsStored", "PixelRepresentation"])
def test_a_pixel_description_that_is_not_complete_is_refused(tmp_path, keyword):
    slices = ramp_series()
    delattr(slices[3], keyword)
    with pytest.raises(InputRefused, match=f"Slice 4 of 7 .* no {keyword}") as refused:
        read(slices, tmp_path)
    assert refused.value.code == "pixel-layout-unsupported"


def test_high_bit_elsewhere_is_refused(tmp_path):
    slices = ramp_series()
    for ds in slices:
        ds.BitsStored, ds.HighBit = 12, 15
    with pytest.raises(InputRefused, match="HighBit") as refused:
        read(slices, tmp_path)
    assert refused.value.code == "pixel-layout-unsupported"


def without_rescale(slices):
    for ds in slices:
        del ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType
    return slices


@pytest.mark.parametrize("intercept", [0, -1024])
def test_no_rescale_with_air_where_it_should_be(tmp_path, intercept):
    slices = without_rescale(stored_as(ct_series(HU), "<i2", intercept=intercept))
    reading = read(slices, tmp_path)
    assert np.array_equal(reading.volume.array, HU)
    assert "rescale-assumed" in codes(reading)


@pytest.mark.parametrize("offset", [300, 5000, 1e4])
def test_no_rescale_and_air_elsewhere_is_refused(tmp_path, offset):
    slices = without_rescale(stored_as(ct_series(HU), "<i2", intercept=-1000 - offset))
    with pytest.raises(InputRefused, match="no air near −1000 or 0") as refused:
        read(slices, tmp_path)
    assert refused.value.code == "rescale-missing"


def test_no_rescale_and_no_air_is_refused(tmp_path):
    soft = np.random.default_rng(0).normal(30, 60, (3, 16, 16)).astype(np.int16)
    slices = without_rescale(stored_as(ct_series(soft), "<i2", intercept=0))
    with pytest.raises(InputRefused) as refused:
        read(slices, tmp_path)
    assert refused.value.code == "rescale-missing"


@pytest.mark.parametrize(
    "shares",
    [
        {30: 0.9, -120: 0.05, 1000: 0.05},  # a crop of tissue and bone, stored as HU
        {-1000: 1.0},  # air alone
        {0: 1.0},  # nothing, or air stored as 0, alone
        {-2000: 0.5, 500: 0.5},  # padding is no air
    ],
)
def test_no_rescale_and_nothing_to_decide_by_is_refused(tmp_path, shares):
    values = np.repeat(list(shares), [round(400 * share) for share in shares.values()])
    slices = without_rescale(with_values(values.reshape(20, 20)))
    with pytest.raises(InputRefused) as refused:
        read(slices, tmp_path)
    assert refused.value.code == "rescale-missing"


def test_no_rescale_beside_padding(tmp_path):
    slices = without_rescale(with_values([[-2000, 24], [1064, 1100]]))
    assert read(slices, tmp_path).volume.array[0].tolist() == [[-1024, -1000], [40, 76]]


def test_a_rescale_in_some_slices_only_is_refused(tmp_path):
    slices = ramp_series()
    without_rescale(slices[2:4])
    with pytest.raises(InputRefused, match="2 of 7 images have no RescaleSlope") as refused:
        read(slices, tmp_path)
    assert refused.value.code == "rescale-missing"


def test_nothing_but_padding_is_refused(tmp_path):
    with pytest.raises(InputRefused) as refused:
        read(with_values([[-2000, -2000], [-2000, -2000]]), tmp_path)
    assert refused.value.code == "not-hu"


def test_a_modality_other_than_ct_is_refused(tmp_path):
    slices = ramp_series()
    for ds in slices:
        ds.Modality = "MR"
    (series,) = discover(write_series(slices, tmp_path / "mr")).series
    with pytest.raises(InputRefused, match="MR, not CT") as refused:
        read_ct(series)
    assert refused.value.code == "not-ct"


def test_float_pixels_that_are_no_number_are_refused(tmp_path):
    slices = ramp_series()
    for ds in slices:
        del ds.PixelData, ds.BitsStored, ds.HighBit, ds.PixelRepresentation
        ds.BitsAllocated = 32
        ds.FloatPixelData = np.full((4, 4), 0.5, "<f4").tobytes()
    assert read(slices, tmp_path / "a").volume.array[0, 0, 0] == -1023.5
    slices[2].FloatPixelData = np.full((4, 4), np.nan, "<f4").tobytes()
    with pytest.raises(InputRefused, match="Slice 3 of 7") as refused:
        read(slices, tmp_path / "b")
    assert refused.value.code == "pixels-not-finite"


def test_an_error_of_discovery_stops_every_reader(tmp_path):
    series = find(write_series(ramp_series(), tmp_path / "ct"))
    series = replace(series, findings=(Finding("files-truncated", "error", "cut", "copy"),))
    with pytest.raises(InputRefused, match="cut") as refused:
        load_stack(series, quantity="BQML")
    assert refused.value.code == "files-truncated"


def test_progress_ends_at_one(tmp_path):
    told = []
    folder = write_series(ramp_series(), tmp_path / "ct")
    read_ct(find(folder), progress=lambda stage, fraction: told.append((stage, fraction)))
    assert told == [("read", pytest.approx(n / 7)) for n in range(1, 8)]
