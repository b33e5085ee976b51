"""What onnxruntime complains of is told on one line, and tells nobody's folders."""

import pytest

from ctpet.infer.session import reason


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "[ONNXRuntimeError] : 1 : FAIL : Failed to load library /home/Dr Anh/.venv/lib/x.so "
            "with error: libcudnn.so.9: cannot open\nshared object file.",
            "1 : FAIL : Failed to load library x.so with error: libcudnn.so.9: cannot open shared "
            "object file",
        ),
        (r"cannot load C:\Users\Anh\site-packages\plugin.dll", "cannot load plugin.dll"),
        ("Node (a/b/Conv) of 3 x 4 / 2 failed", "Node (a/b/Conv) of 3 x 4 / 2 failed"),
    ],
)
def test_one_line_without_folders(said, told):
    assert reason(RuntimeError(said)) == told


def test_what_is_long_is_cut():
    assert len(reason(RuntimeError("x" * 1000))) == 300
