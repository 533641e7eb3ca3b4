"""Distillation and channel pruning in training: what they compute, and that they help."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("tqdm", reason="needs the train extra")

from torch.nn import functional  # noqa: E402
import typer  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from model.errors import InputError  # noqa: E402
from model.training.distillation import DistillationLoss, teacher_scores  # noqa: E402
from model.training.gains import WAYS, distillation_rows, main, student  # noqa: E402
from model.training.narrowing import largest_filters, narrowed  # noqa: E402
from model.training.small_cnn import SmallCnn, fit, wrong_images  # noqa: E402


@pytest.fixture(scope="module")
def images():
    """Ten blurred random patterns, one for each class."""
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(400) % 10
    patterns = torch.rand(10, 1, 28, 28, generator=generator)
    noise = torch.rand(400, 1, 28, 28, generator=generator)
    return patterns[labels] * 0.6 + 0.4 * noise, labels


@pytest.fixture(scope="module")
def trained(images):
    """A network that knows the patterns."""
    torch.manual_seed(2)
    return fit(SmallCnn((8, 10, 16)), *images, lambda scores, labels, chosen:
               functional.cross_entropy(scores, labels), epochs=40, seed=1, learning_rate=4e-3)


def naive_loss(scores, labels, taught, temperature, share):
    """Hinton's loss, a sample at a time, in numpy."""
    def softmax(values):
        raised = np.exp(values - values.max())
        return raised / raised.sum()

    total = 0.0
    for own, label, teacher in zip(scores, labels, taught, strict=True):
        soft = -(softmax(teacher / temperature) * np.log(softmax(own / temperature))).sum()
        total += share * temperature**2 * soft - (1 - share) * np.log(softmax(own)[label])
    return total / len(scores)


@pytest.mark.parametrize("temperature, share", [(1.0, 0.5), (4.0, 0.9), (2.5, 0.0), (3.0, 1.0)])
def test_the_loss_is_hintons_of_the_images_chosen(temperature, share):
    generator = np.random.default_rng(1)
    taught, scores = generator.normal(0, 4, (20, 5)), generator.normal(0, 2, (6, 5))
    labels, chosen = generator.integers(0, 5, 6), generator.permutation(20)[:6]
    loss = DistillationLoss(torch.from_numpy(taught), temperature, share)
    found = loss(torch.from_numpy(scores), torch.from_numpy(labels), torch.from_numpy(chosen))
    assert float(found) == pytest.approx(naive_loss(scores, labels, taught[chosen], temperature,
                                                    share))


def test_a_students_loss_is_least_where_it_says_what_the_teacher_says():
    taught = torch.randn(8, 4, generator=torch.Generator().manual_seed(1)).double()
    loss = DistillationLoss(taught, 3.0, 1.0)
    scores = taught.clone().requires_grad_()
    loss(scores, torch.zeros(8, dtype=torch.long), torch.arange(8)).backward()
    assert scores.grad.abs().max() < 1e-12


def test_teachers_answer_in_evaluation_mode(images):
    teacher = SmallCnn((4, 4, 8), norm=True)
    taught = teacher_scores(teacher, images[0])
    assert not teacher.training
    assert torch.allclose(taught[:1], teacher(images[0][:1]).detach(), atol=1e-5)
    assert not taught.requires_grad


def test_nothing_changes_where_all_channels_stay(trained, images):
    same = narrowed(trained, (8, 10), images[0])
    with torch.no_grad():
        difference = same(images[0]) - trained(images[0])
    assert difference.abs().max() < 1e-2 * trained(images[0]).detach().abs().max()


def test_filters_that_do_nothing_are_free_to_go(trained, images):
    """Six filters without weights: the others stay, and so do all scores."""
    wide = SmallCnn((11, 13, 16))
    state = {name: torch.zeros_like(value) for name, value in wide.state_dict().items()}
    keep1, keep2 = [0, 2, 3, 4, 6, 7, 9, 10], [1, 2, 3, 4, 5, 7, 8, 9, 10, 12]
    own = trained.state_dict()
    for part in ("weight", "bias"):
        state[f"conv1.{part}"][keep1] = own[f"conv1.{part}"]
        state[f"dense2.{part}"] = own[f"dense2.{part}"]
    state["conv2.bias"][keep2] = own["conv2.bias"]
    state["conv2.weight"][np.ix_(keep2, keep1)] = own["conv2.weight"]
    state["dense1.bias"] = own["dense1.bias"]
    state["dense1.weight"].reshape(16, 13, 16)[:, keep2] = own["dense1.weight"].reshape(16, 10, 16)
    wide.load_state_dict(state)
    assert torch.allclose(wide(images[0]), trained(images[0]), atol=1e-4)
    for way in WAYS.values():
        found = narrowed(wide.eval(), (8, 10), images[0], **way)
        assert found.widths == (8, 10, 16)
        scores = trained(images[0]).detach()
        assert (found(images[0]).detach() - scores).abs().max() < 2e-2 * scores.abs().max()


def test_least_squares_keep_more_than_weights_as_they_are(trained, images):
    assert wrong_images(trained, *images) < 20
    errors = {name: wrong_images(narrowed(trained, (3, 4), images[0], **way), *images)
              for name, way in WAYS.items()}
    assert errors["LASSO, least squares"] < errors["LASSO"]
    assert errors["LASSO, least squares"] < errors["largest filters"]


def test_largest_filters_are_by_sums_of_magnitudes():
    weights = np.array([[[1.0]], [[-3.0]], [[2.0]], [[0.5]]])
    assert largest_filters(weights, 2).tolist() == [1, 2]


def test_macs_are_counted_by_the_shapes(trained):
    assert trained.macs == 24 * 24 * 25 * 8 + 8 * 8 * 25 * 8 * 10 + 160 * 16 + 16 * 10
    assert student().macs < SmallCnn((24, 48, 96)).macs / 4


def test_without_a_share_of_the_teacher_a_student_learns_as_by_labels(images):
    students = []
    for loss in (lambda scores, labels, chosen: functional.cross_entropy(scores, labels),
                 DistillationLoss(torch.randn(400, 10), 4.0, 0.0)):
        torch.manual_seed(3)
        students.append(fit(student(), *images, loss, epochs=2, seed=1))
    for one, other in zip(*(own.parameters() for own in students), strict=True):
        assert torch.equal(one, other)


def test_the_study_has_a_row_for_each_way(images):
    rows = dict(distillation_rows(images, images, 1, 1))
    assert list(rows) == ["teacher, float", "student, 1,000 labels",
                          "student, 1,000 labels and teacher",
                          "student, teacher's scores of all images"]
    assert all(0 <= wrong <= 400 for wrong in rows.values())


@pytest.mark.parametrize("wrong", [
    lambda: DistillationLoss(torch.zeros(1, 2), 0.0), lambda: DistillationLoss(torch.zeros(1, 2),
                                                                               1.0, 1.5)])
def test_bad_options_are_one_sentence(wrong):
    with pytest.raises(InputError, match="must"):
        wrong()


@pytest.mark.parametrize("study, sentence", [
    ("other", "study must be one of"), ("distillation", "must hold fashion_mnist/train-images")])
def test_bad_arguments_are_bad_input(study, sentence, tmp_path):
    app = typer.Typer()
    app.command()(main)
    found = CliRunner().invoke(app, [study, "--data", str(tmp_path)])
    assert found.exit_code == 2
    assert sentence in found.output
