"""What a run costs is told truly."""

import pytest

from ctpet.job.usage import Stages


def test_a_stage_is_timed_and_kept_in_order():
    stages = Stages()
    with stages.measure("first") as stage:
        stage.bytes = 7
    with stages.measure("second"):
        pass
    assert [(item.name, item.bytes) for item in stages.items] == [("first", 7), ("second", 0)]
    assert all(0 <= item.seconds < 1 for item in stages.items)


def test_a_stage_that_fails_is_not_kept():
    stages = Stages()
    with pytest.raises(ValueError, match="broken"), stages.measure("first"):
        raise ValueError("broken")
    assert stages.items == []
