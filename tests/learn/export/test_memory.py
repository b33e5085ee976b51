import pytest

from ctpet.errors import CtpetError
from ctpet.learn.export import memory
from ctpet.learn.export.memory import working_bytes_per_voxel

pytestmark = pytest.mark.slow


def test_one_pass_needs_at_least_what_it_keeps_and_not_much_more(model, tmp_path, monkeypatch):
    """The finest level keeps 8 channels of an eighth of the voxels, input and output one each."""
    monkeypatch.setattr(memory, "TYPICAL", (130, 96, 96))
    path = tmp_path / "m.onnx"
    path.write_bytes(model.data)
    per_voxel = working_bytes_per_voxel(path, model.contract.size_multiple)
    assert 8 < per_voxel / memory.MARGIN < 200


def test_a_failure_is_told_in_one_line(tmp_path):
    with pytest.raises(CtpetError, match=r"could not be measured: .*absent\.onnx"):
        working_bytes_per_voxel(tmp_path / "absent.onnx", (1, 1, 1))
