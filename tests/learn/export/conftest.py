"""One tiny run and its graph, made once: exporting takes seconds."""

from pathlib import Path

import onnx
import pytest

from ctpet.infer.embed import write_contract
from ctpet.infer.model import Model
from ctpet.learn.export.graph import build_graph
from ctpet.learn.export.trained import Trained, read_trained
from tests.learn.export.tiny import MULTIPLE, make_run


@pytest.fixture(scope="package")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="package")
def trained(checkpoint: Path) -> Trained:
    return read_trained(checkpoint)


@pytest.fixture(scope="package")
def graph(trained: Trained) -> onnx.ModelProto:
    return build_graph(trained.network, MULTIPLE, ["pet_suvbw"])


@pytest.fixture(scope="package")
def model(
    trained: Trained, graph: onnx.ModelProto, tmp_path_factory: pytest.TempPathFactory
) -> Model:
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    return write_contract(graph, trained.contract, path)
