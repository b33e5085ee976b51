"""The baseline model: the median SUV of each HU bin, smoothed to PET resolution.

    python scripts/tissue_lookup.py score DATA          # the table, leaving one patient out
    python scripts/tissue_lookup.py fit DATA OUT        # the model file

DATA is the folder with STS_NNN.tar.xz, OUT the .onnx file to write.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sts_boxes import BOX_MM, Box, all_boxes

from ctpet.contract import ModelContract, TrainingData, hash_patient
from ctpet.infer.embed import write_contract

BIN_HU = 25.0
CENTRES_HU = np.arange(-1000.0, 1500.0 + BIN_HU, BIN_HU)
FEWEST_VOXELS = 200
SPACING_MM = 4.0
PET_FWHM_MM = 6.0
SALT = "8f1d0c6a5be2479d"


def fit_table(boxes: Sequence[Box]) -> NDArray[np.float32]:
    """Return the median SUV at each of :data:`CENTRES_HU`, on the PET grid.

    A bin with fewer than :data:`FEWEST_VOXELS` voxels takes the value interpolated between its
    neighbours, or that of the nearest bin beyond the ends.
    """
    hu = np.concatenate([box.ct_on_pet.array.ravel() for box in boxes])
    suv = np.concatenate([box.pet.array.ravel() for box in boxes])
    bins = np.clip(np.rint((hu - CENTRES_HU[0]) / BIN_HU), 0, CENTRES_HU.size - 1).astype(int)
    order = np.argsort(bins, kind="stable")
    groups = np.split(suv[order], np.searchsorted(bins[order], np.arange(1, CENTRES_HU.size)))
    seen = np.array([group.size >= FEWEST_VOXELS for group in groups])
    medians = [np.median(group) for group, enough in zip(groups, seen, strict=True) if enough]
    return np.interp(CENTRES_HU, CENTRES_HU[seen], medians).astype(np.float32)


def gaussian_kernel(fwhm_mm: float, spacing_mm: float) -> NDArray[np.float32]:
    """Return a normalised Gaussian, cut at three standard deviations."""
    sigma = fwhm_mm / np.sqrt(8 * np.log(2)) / spacing_mm
    radius = int(np.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


def build_graph(table: NDArray[np.float32], kernel: NDArray[np.float32]) -> onnx.ModelProto:
    """Return HU → SUVbw: linear interpolation in the table, then the Gaussian along each axis.

    The image is continued by its edge, so that nothing darkens towards a border.
    """
    radius = kernel.size // 2
    constants = {
        "hu_low": np.float32(CENTRES_HU[0]),
        "hu_high": np.float32(CENTRES_HU[-1]),
        "bin_hu": np.float32(BIN_HU),
        "last": np.float32(CENTRES_HU.size - 2),
        "table": table,
        "rise": np.append(np.diff(table), 0).astype(np.float32),
        "pads": np.array([0, 0, *[radius] * 3] * 2, dtype=np.int64),
        "kernel_k": kernel.reshape(1, 1, -1, 1, 1),
        "kernel_j": kernel.reshape(1, 1, 1, -1, 1),
        "kernel_i": kernel.reshape(1, 1, 1, 1, -1),
    }
    nodes = [
        helper.make_node("Clip", ["ct_hu", "hu_low", "hu_high"], ["hu"]),
        helper.make_node("Sub", ["hu", "hu_low"], ["above"]),
        helper.make_node("Div", ["above", "bin_hu"], ["position"]),
        helper.make_node("Floor", ["position"], ["floor"]),
        helper.make_node("Min", ["floor", "last"], ["lower"]),
        helper.make_node("Sub", ["position", "lower"], ["fraction"]),
        helper.make_node("Cast", ["lower"], ["bin"], to=TensorProto.INT32),
        helper.make_node("Gather", ["table", "bin"], ["suv_lower"]),
        helper.make_node("Gather", ["rise", "bin"], ["suv_rise"]),
        helper.make_node("Mul", ["fraction", "suv_rise"], ["step"]),
        helper.make_node("Add", ["suv_lower", "step"], ["sharp"]),
        helper.make_node("Pad", ["sharp", "pads"], ["padded"], mode="edge"),
        helper.make_node("Conv", ["padded", "kernel_k"], ["smooth_k"]),
        helper.make_node("Conv", ["smooth_k", "kernel_j"], ["smooth_kj"]),
        helper.make_node("Conv", ["smooth_kj", "kernel_i"], ["pet_suvbw"]),
    ]
    shape = ["N", 1, "K", "J", "I"]
    graph = helper.make_graph(
        nodes,
        "tissue_lookup",
        [helper.make_tensor_value_info("ct_hu", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("pet_suvbw", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model


def contract_for(
    table: NDArray[np.float32], kernel: NDArray[np.float32], groups: Sequence[Sequence[Box]]
) -> ModelContract:
    """Return what the lookup promises; ``groups`` are the boxes of each patient."""
    patients = [group[0].patient for group in groups]
    spacings_mm = [box.ct.geometry.spacing_mm[0] for group in groups for box in group]
    return ModelContract(
        name="tissue-lookup",
        model_version="1.0.0",
        kind="baseline",
        tracer="FDG",
        radionuclide="F-18",
        spacing_mm=(SPACING_MM,) * 3,
        size_multiple=(1, 1, 1),
        halo_voxels=(kernel.size // 2,) * 3,
        hu_range=(float(CENTRES_HU[0]), float(CENTRES_HU[-1])),
        suv_range=(0.0, float(np.ceil(table.max()))),
        slice_spacing_seen_mm=(round(min(spacings_mm), 3), round(max(spacings_mm), 3)),
        extent_seen_mm=(BOX_MM, BOX_MM),
        working_bytes_per_voxel=64,
        intended_use=(
            "A baseline for research: the median SUV of soft-tissue-sarcoma patients at each CT "
            "number. It shows what CT density alone says about FDG uptake. Not for diagnosis."
        ),
        limitations=(
            "It knows no anatomy: brain, heart, bladder and any tumour get the uptake of ordinary "
            "tissue of the same density. Fitted on crops around tumours, mostly of the limbs."
        ),
        trained_on=(
            TrainingData(
                description=f"{len(patients)} patients of the TCIA Soft-tissue-Sarcoma set, "
                "cropped 5 cm around the tumour (IBSI processing); random 96 mm boxes",
                attribution="Vallières et al., TCIA Soft-tissue-Sarcoma, "
                "doi 10.7937/K9/TCIA.2015.7GO2GSKS; processed by A. Zwanenburg for IBSI",
                licence="CC-BY-3.0",
                salt=SALT,
                patient_hashes=tuple(sorted(hash_patient(name, SALT) for name in patients)),
            ),
        ),
    )


def fit(data: Path, out: Path) -> None:
    """Fit on every patient and write the model file."""
    groups = list(all_boxes(data))
    table = fit_table([box for group in groups for box in group])
    kernel = gaussian_kernel(PET_FWHM_MM, SPACING_MM)
    contract = contract_for(table, kernel, groups)
    write_contract(build_graph(table, kernel), contract, out)
    print(f"{out}: {out.stat().st_size} bytes, {len(groups)} patients")
    for hu in (-1000, -800, -100, 0, 50, 100, 300, 1000):
        print(f"  {hu:6d} HU  {np.interp(hu, CENTRES_HU, table):.3f} SUV")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    fitting = commands.add_parser("fit")
    fitting.add_argument("data", type=Path)
    fitting.add_argument("out", type=Path)
    fitting.set_defaults(run=lambda a: fit(a.data, a.out))
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
