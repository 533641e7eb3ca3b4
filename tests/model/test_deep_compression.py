"""Pruned and shared training: masks stay, gradients add up, runs go on where they stopped."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("tqdm", reason="needs the train extra")

import typer  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from model.compression.compressed_file import from_bytes, to_bytes  # noqa: E402
from model.compression.sharing import centroid_gradient  # noqa: E402
from model.errors import InputError  # noqa: E402
from model.training.deep_compression import (  # noqa: E402
    LenetState,
    compress,
    errors,
    main,
    scores,
    train,
)
from model.training.lenet_recipe import RECIPE, LenetRecipe, Stage  # noqa: E402

SHORT = LenetRecipe(
    stages=(Stage("dense", 2, 1e-3), Stage("prune", 1, 1e-3, (0.3, 0.4, 0.6)),
            Stage("prune", 2, 1e-3, (0.1, 0.2, 0.3)), Stage("share", 2, 1e-4)),
    weight_bits=3, index_bits=4, batch=50)


@pytest.fixture(scope="module")
def images():
    """Ten blurred random patterns, one for each class."""
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(200) % 10
    patterns = torch.rand(10, 784, generator=generator)
    pixels = patterns[labels] * 0.8 + 0.2 * torch.rand(200, 784, generator=generator)
    return pixels, labels


@pytest.fixture(scope="module")
def trained(images, tmp_path_factory):
    """A short run from beginning to end."""
    return train(SHORT, images, images, tmp_path_factory.mktemp("run") / "net.pt")


def test_pruned_weights_are_zero_in_the_end_and_densities_as_asked(trained):
    for mask, codes, density in zip(trained.masks, trained.codes, (0.1, 0.2, 0.3), strict=True):
        assert int(mask.sum()) == int(density * mask.numel() + 0.5)
        assert (codes[~mask] == 0).all()
        assert (codes[mask] > 0).all()
    for weights, mask in zip(trained.effective(), trained.masks, strict=True):
        assert (weights[~mask] == 0).all()


def test_weights_once_pruned_do_not_come_back_however_large(images, tmp_path):
    state = LenetState.initial(SHORT)
    state.stage = 2
    generator = torch.Generator().manual_seed(2)
    state.masks = [torch.rand(weight.shape, generator=generator) < 0.5 for weight in state.weights]
    before = [mask.clone() for mask in state.masks]
    state.weights = [torch.where(mask, weight, torch.tensor(100.0))
                     for weight, mask in zip(state.weights, before, strict=True)]
    state.write(tmp_path / "net.pt")
    after = train(SHORT, images, images, tmp_path / "net.pt")
    for old, new, codes in zip(before, after.masks, after.codes, strict=True):
        assert not (new & ~old).any()
        assert (codes[~old] == 0).all()


def test_a_run_that_was_cut_off_ends_as_one_that_was_not(trained, images, tmp_path, monkeypatch):
    class CutOffError(Exception):
        """Stands for the end of the process."""

    saves, write = [], LenetState.write

    def write_and_cut(state, checkpoint):
        write(state, checkpoint)
        saves.append(checkpoint)
        if len(saves) % 2 == 0:
            raise CutOffError

    monkeypatch.setattr(LenetState, "write", write_and_cut)
    runs = 0
    while True:
        runs += 1
        try:
            state = train(SHORT, images, images, tmp_path / "net.pt")
            break
        except CutOffError:
            continue
    assert runs > 3
    for one, other in zip(state.centroids + state.codes + state.biases,
                          trained.centroids + trained.codes + trained.biases, strict=True):
        assert torch.equal(one, other)


def test_what_torch_trains_a_centroid_by_is_the_sum_over_its_members(trained, images):
    pixels, labels = images
    state = LenetState(trained.weights, trained.biases, trained.masks, trained.codes,
                       [c.clone().requires_grad_() for c in trained.centroids])
    weights = state.effective()
    for weight in weights:
        weight.retain_grad()
    torch.nn.functional.cross_entropy(scores(weights, state.biases, pixels), labels).backward()
    for weight, codes, centroids in zip(weights, state.codes, state.centroids, strict=True):
        expected = centroid_gradient(weight.grad.numpy(), codes.numpy(), len(centroids))
        np.testing.assert_allclose(centroids.grad.numpy(), expected, rtol=1e-3, atol=1e-6)


def test_the_file_gives_back_the_network_that_was_trained(trained, images):
    layers = from_bytes(to_bytes(compress(trained, SHORT)))
    weights = [torch.from_numpy(layer.shared.weights) for layer in layers]
    for found, expected in zip(weights, trained.effective(), strict=True):
        assert torch.equal(found, expected)
    biases = [torch.from_numpy(layer.bias) for layer in layers]
    assert errors(weights, biases, *images) == errors(trained.effective(), trained.biases, *images)


def test_training_brings_errors_down(trained, images):
    fresh = LenetState.initial(SHORT)
    before = errors(fresh.effective(), fresh.biases, *images)
    assert errors(trained.effective(), trained.biases, *images) < before / 2


def test_the_recipe_prunes_ever_more():
    densities = [stage.densities for stage in RECIPE.stages if stage.kind == "prune"]
    assert all((np.diff(own) < 0).all() for own in np.transpose(densities))


@pytest.mark.parametrize("wrong", [lambda: Stage("other", 1, 0.1), lambda: Stage("prune", 1, 0.1)])
def test_bad_stages_are_one_sentence(wrong):
    with pytest.raises(InputError, match="must"):
        wrong()


def test_other_checkpoints_are_refused(trained, images, tmp_path):
    place = tmp_path / "net.pt"
    trained.write(place)
    with pytest.raises(InputError, match="must be of this recipe"):
        train(RECIPE, images, images, place)
    whole = place.read_bytes()
    for content in (b"", b"other", whole[:-100], whole[:50]):
        place.write_bytes(content)
        with pytest.raises(InputError, match="must be a whole checkpoint"):
            train(SHORT, images, images, place)


def test_a_folder_without_images_is_bad_input(tmp_path):
    app = typer.Typer()
    app.command()(main)
    found = CliRunner().invoke(app, ["--data", str(tmp_path), "--out", str(tmp_path)])
    assert found.exit_code == 2
    assert "must hold mnist/train-images-idx3-ubyte.gz" in found.output
