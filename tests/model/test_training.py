"""Training: torch and numpy agree on every code, and folding on every activation."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from model.datasets import bundled  # noqa: E402
from model.formats import parse_format  # noqa: E402
from model.training.agreement import differing_codes  # noqa: E402
from model.training.export import export, weight_levels  # noqa: E402
from model.training.layers import FAMILIES, BipolarAct, UnsignedAct  # noqa: E402
from model.training.network import ReferenceNet  # noqa: E402


def some_network(family, seed=3):
    """A network with random weights and batch norms whose slopes have either sign."""
    torch.manual_seed(seed)
    net = ReferenceNet(family)
    for norm in net.norms:
        torch.nn.init.normal_(norm.weight)
        torch.nn.init.normal_(norm.bias, std=0.5)
        torch.nn.init.normal_(norm.running_mean, std=0.5)
        torch.nn.init.uniform_(norm.running_var, 0.2, 2)
    net.norms[1].weight.data[:3] = 0
    return net.eval()


@pytest.mark.parametrize("family", FAMILIES)
def test_torch_and_numpy_give_the_same_weight_levels(family):
    net = some_network(family)
    for index, conv in enumerate(net.convs):
        levels, _ = conv.levels(conv.weight.detach())
        np.testing.assert_array_equal(levels.numpy().transpose(0, 2, 3, 1),
                                      weight_levels(net, index))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_integer_network_gives_every_activation_code_of_the_float_one(family):
    net = some_network(family)
    integer = export(net, f"fashion-{family}", "fashion")
    for differing, compared in differing_codes(net, integer, bundled().images[:40, ..., 0]):
        assert compared
        assert differing == 0


def test_gradients_pass_straight_through_inside_and_stop_outside():
    values = torch.tensor([-2.0, -0.5, 0.0, 0.5, 2.0], requires_grad=True)
    BipolarAct()(values).sum().backward()
    assert values.grad.tolist() == [0, 1, 1, 1, 0]
    values.grad = None
    UnsignedAct(2)(values).sum().backward()
    assert values.grad.tolist() == [0, 0, 3, 3, 0]


def test_activation_formats_hold_the_quantizers_levels():
    for _, make, _, name in FAMILIES.values():
        act, levels = make(), parse_format(name).levels
        found = act(torch.linspace(-2, 2, 1001)).unique().tolist()
        assert found == list(levels)
