import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from scipy.ndimage import gaussian_filter

from ctpet.learn.average import Average, average_networks
from ctpet.learn.hu_channels import HuChannels
from ctpet.learn.multiscale import MultiScaleChannels
from ctpet.learn.network import SuvNetwork
from ctpet.resources import resource_folder

WINDOWS = [[-1024, 1024], [-160, 240]]


def channels(**options):
    given = {
        "windows_hu": WINDOWS, "tissues_hu": [[0, 100], [-150, -30]], "blur_mm": [4, 8],
        "spread_mm": 8, "share_mm": [4], "spacing_mm": 4.0, **options,
    }  # fmt: skip
    return MultiScaleChannels(**given)


@pytest.fixture(scope="module")
def hu():
    noise = np.random.default_rng(0).normal(0, 80, (20, 22, 24)).astype(np.float32)
    return torch.from_numpy(noise)[None, None]


def test_the_order_is_windows_blurs_spread_shares(hu):
    found = channels()(hu)
    assert found.shape == (1, 2 + 2 + 1 + 2, 20, 22, 24)
    torch.testing.assert_close(found[:, :2], HuChannels(WINDOWS)(hu))


@pytest.mark.parametrize(("channel", "sigma_voxels"), [(2, 1.0), (3, 2.0)])
def test_blurs_are_scipys(hu, channel, sigma_voxels):
    found = channels()(hu)[0, channel].numpy()
    radius = int(np.ceil(2.5 * sigma_voxels))
    wanted = gaussian_filter(hu[0, 0].numpy() / 500, sigma_voxels, mode="nearest", radius=radius)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_spread_is_the_local_standard_deviation_of_soft_tissue(hu):
    soft = ((hu.clamp(-200, 300) + 200) / 500)[0, 0].double().numpy()

    def mean(image):
        return gaussian_filter(image, 2.0, mode="nearest", radius=5)

    wanted = 4 * np.sqrt(mean(soft**2) - mean(soft) ** 2 + 1e-6)
    np.testing.assert_allclose(channels()(hu)[0, 4].numpy(), wanted, rtol=1e-3)


def test_shares_say_what_part_of_the_surrounding_is_a_tissue():
    hu = torch.full((1, 1, 24, 24, 24), 50.0)
    hu[..., 12:] = -90.0
    muscle, fat = channels()(hu)[0, 5:]
    assert muscle[12, 12, 2].item() == pytest.approx(1, abs=0.1)
    assert fat[12, 12, 2].item() == pytest.approx(0, abs=0.02)
    assert muscle[12, 12, 22].item() == pytest.approx(0, abs=0.02)
    assert muscle[12, 12, 11].item() == pytest.approx(muscle[12, 12, 0].item() * 0.69, abs=0.1)


def test_no_gaussian_reaches_beyond_the_radius():
    hu = torch.zeros(1, 1, 40, 8, 8)
    moved = hu.clone()
    moved[:, :, 20] = 100
    shown = channels(blur_mm=[64], radius_voxels=6)
    moved_by = (shown(moved) - shown(hu)).abs()
    reached = moved_by.amax(dim=(0, 1, 3, 4)).nonzero().ravel()
    assert (reached.min().item(), reached.max().item()) == (14, 26)


def network(seed):
    torch.manual_seed(seed)
    return SuvNetwork(HuChannels(WINDOWS), torch.nn.Conv3d(2, 1, 1), suv_max=25).eval()


def test_an_average_is_the_mean_of_suv_and_can_be_trained():
    members = [network(1), network(2)]
    joined = average_networks(members)
    ct = torch.randn(1, 1, 4, 4, 4) * 100
    wanted = (members[0](ct) + members[1](ct)) / 2
    assert (members[0](ct) == 0).any()
    torch.testing.assert_close(joined(ct), wanted, atol=1e-5, rtol=1e-5)
    joined(ct).sum().backward()
    assert all(each.grad.isfinite().all() for each in joined.parameters())
    assert not joined.training


def test_an_average_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        Average([])


@pytest.mark.parametrize("name", ["multiscale", "voxelwise"])
def test_the_networks_for_few_patients_take_what_the_channels_give(name):
    folder = resource_folder("configs") / "network"
    base, own = (OmegaConf.load(folder / f"{n}.yaml") for n in ("_multiscale", name))
    del own["defaults"]
    made = instantiate(OmegaConf.merge(base, own)).eval()
    suv = made(torch.full((1, 1, 24, 24, 24), 40.0))
    assert suv.shape == (1, 1, 24, 24, 24)
    assert torch.isfinite(suv).all()
