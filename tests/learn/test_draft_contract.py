from dataclasses import replace

import pytest
import torch

from ctpet.learn.draft_contract import draft_contract
from ctpet.learn.hu_channels import HuChannels
from ctpet.learn.network import SuvNetwork
from ctpet.prepare.cases import list_cases
from ctpet.prepare.dataset import read_dataset, write_dataset
from tests.case_factory import SALT, make_dataset

PROMISED = {
    "name": "made",
    "model_version": "1.0.0",
    "kind": "regression",
    "tracer": "FDG",
    "radionuclide": "F-18",
    "size_multiple": [4, 4, 4],
    "halo_voxels": [8, 8, 8],
    "working_bytes_per_voxel": 100,
    "intended_use": "Tests.",
    "limitations": "",
}
NETWORK = SuvNetwork(HuChannels([[-160, 240], [0, 1600]]), torch.nn.Identity(), suv_max=20)


@pytest.fixture
def dataset(tmp_path):
    return make_dataset(tmp_path, count=2)


def draft(dataset, **changes):
    learned = [(read_dataset(dataset), list_cases(dataset))]
    return draft_contract({**PROMISED, **changes}, NETWORK, learned, (64.0, 96.0))


def test_people_promise_and_the_rest_is_read_off(dataset):
    made = draft(dataset)
    assert (made.hu_range, made.suv_range) == ((-160, 1600), (0, 20))
    assert made.spacing_mm == (4, 4, 4)
    assert made.slice_spacing_seen_mm == (3, 3)
    assert made.extent_seen_mm == (64, 96)
    assert made.trained_on[0].salt == SALT
    assert made.trained_on[0].patient_hashes == (f"{0:064x}", f"{1:064x}")


@pytest.mark.parametrize(
    ("sources", "told"), [(("phantom",), "digital patients"), (("dicom",), "nobody has described")]
)
def test_data_without_a_description_say_so(dataset, sources, told):
    write_dataset(dataset, replace(read_dataset(dataset), description="", sources=sources))
    assert told in draft(dataset).trained_on[0].description


def test_a_promise_that_the_contract_does_not_know_is_told_by_its_name(dataset):
    with pytest.raises(TypeError, match="halo_voxel"):
        draft(dataset, halo_voxel=[1, 1, 1])
