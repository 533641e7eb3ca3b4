"""Pruned and shared training: masks stay, gradients add up, runs go on where they stopped."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("tqdm", reason="needs the train extra")

import typer  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from model import golden  # noqa: E402
from model.compression.compressed_network_file import (  # noqa: E402
    network_from_bytes,
    network_to_bytes,
)
from model.compression.sharing import centroid_gradient  # noqa: E402
from model.errors import InputError  # noqa: E402
from model.training.deep_compression import compress, main, train  # noqa: E402
from model.training.lenet import LenetState, activations, errors, scores  # noqa: E402
from model.training.lenet_recipe import RECIPES, LenetRecipe, Stage  # noqa: E402

SHORT = LenetRecipe(
    topology="lenet-300-100",
    stages=(Stage("dense", 2, 1e-3), Stage("prune", 1, 1e-3, (0.3, 0.4, 0.6)),
            Stage("prune", 2, 1e-3, (0.1, 0.2, 0.3)), Stage("share", 2, 1e-4)),
    weight_bits=(3, 2, 4), batch=20)
SHORT_5 = LenetRecipe(
    topology="lenet-5",
    stages=(Stage("dense", 2, 1e-3), Stage("prune", 1, 1e-3, (0.7, 0.2, 0.1, 0.4)),
            Stage("share", 1, 1e-4)),
    weight_bits=(5, 4, 3, 4), batch=20)


@pytest.fixture(scope="module")
def images():
    """Ten blurred random patterns, one for each class."""
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(200) % 10
    patterns = torch.rand(10, 1, 28, 28, generator=generator)
    noise = torch.rand(200, 1, 28, 28, generator=generator)
    return torch.floor(255 * (patterns[labels] * 0.8 + 0.2 * noise)) / 255, labels


@pytest.fixture(scope="module")
def trained(images, tmp_path_factory):
    """A short run from beginning to end."""
    return train(SHORT, images, images, tmp_path_factory.mktemp("run") / "net.pt")


@pytest.fixture(scope="module")
def trained_5(images, tmp_path_factory):
    """A short run of LeNet-5."""
    return train(SHORT_5, images, images, tmp_path_factory.mktemp("run") / "net.pt")


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
    found = scores(SHORT.layers, weights, state.biases, pixels)
    torch.nn.functional.cross_entropy(found, labels).backward()
    for weight, codes, centroids in zip(weights, state.codes, state.centroids, strict=True):
        expected = centroid_gradient(weight.grad.numpy(), codes.numpy(), len(centroids))
        np.testing.assert_allclose(centroids.grad.numpy(), expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("recipe", [SHORT, SHORT_5], ids=lambda recipe: recipe.topology)
def test_the_integer_network_of_the_file_computes_what_was_trained(recipe, images, request):
    """Each hidden tensor in steps of its scale, to what 8 bits leave."""
    state = request.getfixturevalue("trained" if recipe is SHORT else "trained_5")
    compressed = network_from_bytes(network_to_bytes(compress(state, recipe, images[0])))
    codes = (images[0].numpy().transpose(0, 2, 3, 1) * 255).round().astype(np.uint8)
    found = golden.run(compressed.network, codes, keep_activations=True)
    expected = activations(recipe.layers, state.effective(), state.biases, images[0])
    for use, ours, theirs in zip(compressed.uses, found.activations, expected, strict=False):
        theirs = theirs.numpy()
        if theirs.ndim == 4:
            theirs = theirs.transpose(0, 2, 3, 1)
        difference = np.abs(ours.reshape(theirs.shape) - theirs / use.output_scale)
        assert difference.max() < 6
        assert difference.mean() < 1
    assert (found.classes == expected[-1].argmax(1).numpy()).mean() >= 0.97


@pytest.mark.parametrize("recipe", [SHORT, SHORT_5], ids=lambda recipe: recipe.topology)
def test_training_brings_errors_down(recipe, images, request):
    state = request.getfixturevalue("trained" if recipe is SHORT else "trained_5")
    fresh = LenetState.initial(recipe)
    before = errors(recipe.layers, fresh.effective(), fresh.biases, *images)
    after = errors(recipe.layers, state.effective(), state.biases, *images)
    assert after < before / 2


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_recipes_prune_ever_more(recipe):
    densities = [stage.densities for stage in recipe.stages if stage.kind == "prune"]
    assert all((np.diff(own) <= 0).all() and own[-1] < own[0] for own in np.transpose(densities))


@pytest.mark.parametrize("wrong", [
    lambda: Stage("other", 1, 0.1), lambda: Stage("prune", 1, 0.1),
    lambda: Stage("dense", 1, 0.1, (0.5,)),
    lambda: LenetRecipe(topology="lenet-1", stages=(), weight_bits=()),
    lambda: LenetRecipe(topology="lenet-5", stages=(), weight_bits=(4, 4, 4)),
    lambda: LenetRecipe(topology="lenet-300-100", stages=(Stage("prune", 1, 0.1, (0.5,)),),
                        weight_bits=(4, 4, 4))])
def test_bad_recipes_are_one_sentence(wrong):
    with pytest.raises(InputError, match="must"):
        wrong()


def test_other_checkpoints_are_refused(trained, images, tmp_path):
    place = tmp_path / "net.pt"
    trained.write(place)
    with pytest.raises(InputError, match="must be of this recipe"):
        train(RECIPES["lenet-300-100"], images, images, place)
    whole = place.read_bytes()
    for content in (b"", b"other", whole[:-100], whole[:50]):
        place.write_bytes(content)
        with pytest.raises(InputError, match="must be a whole checkpoint"):
            train(SHORT, images, images, place)


@pytest.mark.parametrize("network, sentence", [
    ("lenet-5", "must hold mnist/train-images-idx3-ubyte.gz"), ("lenet-6", "network must be one")])
def test_no_images_and_no_such_network_are_bad_input(network, sentence, tmp_path):
    app = typer.Typer()
    app.command()(main)
    found = CliRunner().invoke(app, [network, "--data", str(tmp_path), "--out", str(tmp_path)])
    assert found.exit_code == 2
    assert sentence in found.output
