"""The ONNX project's own operator tests, rewritten for a program that runs one picture at a time.

Needs Debian's `libonnx-testdata` and `python3-onnx`. A test directory holds `model.onnx` and, for every run of it, the
inputs and the expected outputs as tensors. Almost all are networks of a single operator whose inputs are all variable
and hold several pictures. vpinfer has one variable input, one picture, so a test is rewritten without changing what it
asks for:

- The first float input of 4 dimensions [N][C][H][W], or else of 2, [N][C], becomes the picture; every other input
  becomes a constant, which is what exporters make of weights.
- Float inputs that are as large as the picture but for their channels make a second case, named `+split`: the picture
  is all of them, one behind the other, and a Split at the start of the network yields them. So operations between
  activations are tested too.
- Of N pictures every one becomes a frame of its own, with its share of the constants that have a row for every picture.
- A float input of 3 dimensions or 1 gets a leading dimension of 1, and operators that name dimensions name the ones
  behind, where all operators are known to mean the same then.
- Or all inputs become constants, beside a picture that nothing depends on: `folded_case_of`.
- Models of an opset before 7 are upgraded by ONNX's own converter.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnx.version_converter
from onnx import TensorProto, helper, numpy_helper

DATA_DIRECTORY = Path("/usr/lib/python3/dist-packages/onnx/backend/test/data")
KINDS = ("node", "pytorch-operator", "pytorch-converted", "simple")  # `real` has only addresses of models

OLDEST_OPSET = 7  # the first with today's broadcasting; ONNX's converter is of little use before
UPGRADED_OPSET = 13

# Operators that combine tensors element by element, broadcast as in numpy: a leading dimension of 1 changes nothing.
ELEMENTWISE = frozenset("""
    Abs Acos Acosh Add Asin Asinh Atan Atanh Cast Ceil Celu Clip Constant Cos Cosh Div Dropout Elu Equal Erf Exp Floor
    Greater GreaterOrEqual HardSigmoid HardSwish Identity LeakyRelu Less LessOrEqual Log Max Mean Min Mod Mul Neg PRelu
    Pow Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Sub Sum Tan Tanh ThresholdedRelu
    Where""".split())

# Operators that name dimensions: in an attribute `axis`, whose default counts from the end except here,
DEFAULT_AXIS = {"ArgMax": 0, "ArgMin": 0, "Split": 0}
# in an attribute `axes` or an input, which is the one given here,
AXES_INPUT = {"ReduceSum": 1, "Slice": 3, "Squeeze": 1, "Unsqueeze": 1}
# or in ways of their own; these and those:
WITH_AXES = frozenset("""
    ArgMax ArgMin Concat Hardmax LogSoftmax ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean
    ReduceMin ReduceProd ReduceSum ReduceSumSquare Reshape Slice Softmax Split Squeeze Transpose Unsqueeze""".split())

# Operators whose inputs may all be activations.
BETWEEN_ACTIVATIONS = ELEMENTWISE | {"Concat"}

# Operators that treat every picture of a batch alike, unless `mixes_batch` finds an attribute that says otherwise.
PICTURE_BY_PICTURE = BETWEEN_ACTIVATIONS | frozenset("""
    ArgMax ArgMin AveragePool BatchNormalization Conv ConvTranspose DepthToSpace Flatten Gemm GlobalAveragePool
    GlobalLpPool GlobalMaxPool Hardmax InstanceNormalization LRN LayerNormalization LogSoftmax LpNormalization LpPool
    MatMul MaxPool Pad ReduceMax ReduceMean ReduceMin ReduceSum Resize Slice Softmax SpaceToDepth Split Squeeze
    Transpose Unsqueeze Upsample""".split())

# Tests whose expected outputs ONNX Runtime contradicts, which computes with the whole size of what it makes.
DISPUTED = {
    "node/test_resize_downsample_scales_cubic_align_corners": "expects a corner at a fraction of a pixel",
    "node/test_resize_downsample_scales_linear_align_corners": "expects a corner at a fraction of a pixel",
}

# Tests whose first operator says that the picture has its channels last, which import heeds.
CHANNELS_LAST = frozenset(("node/test_transpose_all_permutations_4",))


class Skipped(Exception):
    """The reason why a test directory asks for something that vpinfer is not for."""


@dataclass
class Frame:
    """A network for one picture, the picture, and what every output should be.

    `picture` is [rows][columns][channels]; `expected` maps a graph output's name to a tensor of the shape that ONNX
    gives it, with a batch of 1.
    """
    model: onnx.ModelProto
    picture: np.ndarray
    expected: dict


@dataclass
class Case:
    """A test directory in one of its rewritten forms."""
    name: str
    operators: list
    frames: list


@dataclass
class Test:
    """A test directory as it is: `inputs`, constants included, and `outputs` map the graph's names to tensors."""
    name: str
    model: onnx.ModelProto
    inputs: dict
    outputs: dict

    @property
    def nodes(self):
        return self.model.graph.node

    @property
    def operators(self):
        return sorted({node.op_type for node in self.nodes})


def attribute(node, name, default=None):
    for candidate in node.attribute:
        if candidate.name == name:
            return helper.get_attribute_value(candidate)
    return default


def read_tensors(directory, prefix, values):
    """The tensors of `directory/<prefix>_<i>.pb`, by the names of the graph's values."""
    tensors = {}
    for i, value in enumerate(values):
        path = directory / f"{prefix}_{i}.pb"
        if not path.exists():
            break
        if not value.type.HasField("tensor_type"):
            raise Skipped("not all inputs and outputs are tensors")
        tensors[value.name] = numpy_helper.to_array(onnx.load_tensor(str(path)))
    return tensors


def opset_of(model):
    for entry in model.opset_import:
        if entry.domain in ("", "ai.onnx"):
            return entry.version
    raise Skipped("has no operators of ONNX's own domain")


def upgraded(model):
    """The same model in an opset that vpinfer reads; models that have one already are left alone."""
    opset = opset_of(model)
    if opset >= OLDEST_OPSET:
        return model
    try:
        return onnx.version_converter.convert_version(model, UPGRADED_OPSET)
    except Exception as error:  # whatever the converter's C++ throws
        reason = " ".join(str(error).split()) or "the converter fails"
        raise Skipped(f"opset {opset}: {reason[:100]}") from error


def spread_slopes(test):
    """Before opset 7 the slopes of a PRelu were a list, one per channel; ONNX's converter leaves them so."""
    for node in test.nodes:
        if node.op_type == "PRelu" and node.input[0] in test.inputs:
            rank = test.inputs[node.input[0]].ndim
            slopes = test.inputs[node.input[1]]
            test.inputs[node.input[1]] = slopes.reshape(slopes.shape + (1,) * (rank - 2)) if slopes.size > 1 else slopes


def read_test(directory):
    """Reads a test directory; throws Skipped if it is not about tensors."""
    model = onnx.load(str(directory / "model.onnx"))
    if len(list(directory.glob("test_data_set_*"))) != 1:
        raise Skipped("not one set of data")
    data = directory / "test_data_set_0"
    name = f"{directory.parent.name}/{directory.name}"
    if name in DISPUTED:
        raise Skipped(DISPUTED[name])
    inputs = read_tensors(data, "input", model.graph.input)
    outputs = read_tensors(data, "output", model.graph.output)
    test = Test(name, upgraded(model), inputs, outputs)
    test.inputs |= {tensor.name: numpy_helper.to_array(tensor) for tensor in test.model.graph.initializer}
    if test.model is not model:
        spread_slopes(test)
    return test


def find_picture(test):
    """The name of the input that becomes the picture."""
    weights = {tensor.name for tensor in test.model.graph.initializer}
    floats = {value.name: test.inputs[value.name].ndim for value in test.model.graph.input
              if value.name in test.inputs and value.name not in weights
              and value.type.tensor_type.elem_type == TensorProto.FLOAT and test.inputs[value.name].size
              and any(value.name in node.input for node in test.nodes)}
    if not floats:
        raise Skipped("no float input")
    for rank in (4, 2):
        for name in floats:
            if floats[name] == rank:
                return name
    name, rank = next(iter(floats.items()))
    if rank in (1, 3) and all(node.op_type in ELEMENTWISE | WITH_AXES for node in test.nodes):
        return name
    raise Skipped(f"not 4-D but {rank}-D")


def with_batch(value):
    """[N][C][H][W] or [N][C] of any tensor; see `find_picture`."""
    return value[None] if value.ndim in (1, 3) else value


def find_companions(test, picture):
    """The other inputs that may be activations beside the picture."""
    def fits(value):
        shape, other = with_batch(value).shape, with_batch(test.inputs[picture]).shape
        return value.dtype == np.float32 and len(shape) == len(other) and shape[:1] + shape[2:] == other[:1] + other[2:]

    def may_vary(name):
        return all(node.op_type in BETWEEN_ACTIVATIONS for node in test.nodes if name in node.input)

    weights = {tensor.name for tensor in test.model.graph.initializer}
    return [name for name, value in test.inputs.items()
            if name != picture and name not in weights and fits(value) and may_vary(name)]


def mixes_batch(test, names):
    """Whether an operator works along the dimension of the batch, or has the batch in an attribute."""
    rank = test.inputs[names[0]].ndim
    constants = test.inputs.keys() - set(names)
    for node in test.nodes:
        if node.op_type not in PICTURE_BY_PICTURE:
            return True
        if node.op_type == "Constant" and len(attribute(node, "value", TensorProto()).dims) == rank:
            return True
        if constants.issuperset(node.input):
            continue
        axes = list(attribute(node, "axes", []))
        axis = attribute(node, "axis")
        if axis is not None:
            axes.append(axis)
        if any(a in (0, -rank) for a in axes):
            return True
        if attribute(node, "transA", 0) or attribute(node, "training_mode", 0):
            return True
        if node.op_type == "Transpose" and attribute(node, "perm", [1])[0] != 0:
            return True
    return False


def has_row_per_picture(test, name, picture):
    """Whether a constant is read element by element beside the picture, and so has to be divided with its batch."""
    value, data = test.inputs[name], test.inputs[picture]
    if value.ndim != data.ndim or value.shape[0] != data.shape[0]:
        return False
    return any(name in node.input and (node.op_type in BETWEEN_ACTIVATIONS or
                                       node.op_type == "Gemm" and name in node.input[2:]) for node in test.nodes)


def split_node(test, data_name, names, channels):
    """A node that divides the channels of the input among these names, and the constant that it needs."""
    if opset_of(test.model) < 13:
        return helper.make_node("Split", [data_name], names, axis=1, split=channels), []
    sizes = numpy_helper.from_array(np.array(channels, np.int64), f"{data_name}.split")
    return helper.make_node("Split", [data_name, sizes.name], names, axis=1), [sizes]


def network_of(test, activations, constants, outputs):
    """The test's model with one input, the channels of all `activations`, and everything else constant."""
    model = onnx.ModelProto()
    model.CopyFrom(test.model)
    graph = model.graph
    names = list(activations)
    data_name = names[0]
    sizes = []
    if len(names) > 1:
        data_name = "activations"
        node, sizes = split_node(test, data_name, names, [value.shape[1] for value in activations.values()])
        nodes = [node, *graph.node]
        del graph.node[:]
        graph.node.extend(nodes)
    picture = np.concatenate(list(activations.values()), axis=1)

    del graph.input[:]
    graph.input.append(helper.make_tensor_value_info(data_name, TensorProto.FLOAT, picture.shape))
    del graph.initializer[:]
    graph.initializer.extend(sizes)
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    del graph.value_info[:]  # of the old batch
    types = {value.name: value.type.tensor_type.elem_type for value in graph.output}
    del graph.output[:]
    graph.output.extend(helper.make_tensor_value_info(name, types[name], value.shape)
                        for name, value in outputs.items())
    model.ir_version = max(model.ir_version, 4)  # before 4 every constant is an input as well
    onnx.checker.check_model(model)
    return model, picture


def frame_of(test, names, inputs, outputs):
    """The frame in which the inputs `names` are the picture; all that has a batch has one of 1."""
    if any(value.shape[:1] != (1,) for value in outputs.values()):
        raise Skipped("an output without the picture's batch")
    if any(value.dtype.kind == "f" and not np.isfinite(value).all() for value in outputs.values()):
        raise Skipped("expects infinity or NaN, which a run takes for damage")
    model, picture = network_of(test, {name: inputs[name] for name in names},
                                {name: value for name, value in inputs.items() if name not in names}, outputs)
    rows_and_columns = picture.shape[2:] or (1, 1)
    return Frame(model, picture.reshape(picture.shape[1], *rows_and_columns).transpose(1, 2, 0), outputs)


def shifted(axes):
    """The same dimensions when there is one more in front."""
    return [int(axis) + (axis >= 0) for axis in axes]


def set_attribute(node, name, value):
    others = [candidate for candidate in node.attribute if candidate.name != name]
    del node.attribute[:]
    node.attribute.extend([*others, helper.make_attribute(name, value)])


def lift_axes(node, inputs):
    """Makes an operator name the dimensions behind those that it named, in itself or in the graph's `inputs`."""
    axis = attribute(node, "axis", DEFAULT_AXIS.get(node.op_type))
    if axis is not None:
        set_attribute(node, "axis", shifted([axis])[0])
    if attribute(node, "axes"):
        set_attribute(node, "axes", shifted(attribute(node, "axes")))
    place = AXES_INPUT.get(node.op_type)
    if place and node.input[place:]:
        if node.input[place] not in inputs:
            raise Skipped("not 4-D, and computes its axes")
        inputs[node.input[place]] = np.array(shifted(inputs[node.input[place]]), np.int64)
    elif node.op_type == "Slice" and not attribute(node, "axes"):
        raise Skipped("not 4-D, and cuts the first dimensions")
    elif node.op_type.startswith("Reduce") and not attribute(node, "axes") and not attribute(node, "keepdims", 1):
        raise Skipped("not 4-D, and keeps no dimension")


def lift_node(node, rank, inputs):
    """Makes an operator do to [1][...] what it did to the [...] of that rank."""
    if node.op_type in ELEMENTWISE:
        return
    if node.op_type == "Transpose":
        set_attribute(node, "perm", [0, *shifted(attribute(node, "perm", range(rank - 1, -1, -1)))])
    elif node.op_type == "Reshape":
        if node.input[1] not in inputs:
            raise Skipped("not 4-D, and computes a shape")
        inputs[node.input[1]] = np.concatenate([[1], inputs[node.input[1]]]).astype(np.int64)
    else:
        lift_axes(node, inputs)


def follow_from(test, names):
    """The names of all values that depend on these, themselves included."""
    reached = set(names)
    for node in test.nodes:
        if reached.intersection(node.input):
            reached.update(node.output)
    return reached


def lifted_frame(test, names):
    """The frame of a test whose picture has no batch."""
    rank = test.inputs[names[0]].ndim
    if not follow_from(test, names).issuperset(test.outputs):
        raise Skipped("not 4-D, and an output that does not depend on the picture")
    model = onnx.ModelProto()
    model.CopyFrom(test.model)
    joined = {name for node in test.nodes if node.op_type == "Concat" for name in node.input}
    inputs = {name: value[None] if name in names or name in joined else value for name, value in test.inputs.items()}
    for node in model.graph.node:
        lift_node(node, rank, inputs)
    outputs = {name: value[None] for name, value in test.outputs.items()}
    return frame_of(Test(test.name, model, inputs, outputs), names, inputs, outputs)


def frames_of_batch(test, names):
    """A frame for every picture of the batch."""
    picture = test.inputs[names[0]]
    batch = picture.shape[0]
    if mixes_batch(test, names):
        raise Skipped(f"mixes its {batch} pictures")
    if any(value.ndim == 0 or value.shape[0] != batch for value in test.outputs.values()):
        raise Skipped(f"not every output has a row for each of {batch} pictures")
    divided = {name for name in test.inputs if name in names or has_row_per_picture(test, name, names[0])}

    def frame(index):
        inputs = {name: value[index:index + 1] if name in divided else value for name, value in test.inputs.items()}
        return frame_of(test, names, inputs, {name: value[index:index + 1] for name, value in test.outputs.items()})

    return [frame(index) for index in range(batch)]


def case_of(test, names, suffix):
    """The case in which these inputs are the picture."""
    picture = test.inputs[names[0]]
    if picture.ndim in (1, 3):
        frames = [lifted_frame(test, names)]
    elif picture.shape[0] == 1:
        frames = [frame_of(test, names, test.inputs, test.outputs)]
    else:
        frames = frames_of_batch(test, names)
    return Case(test.name + suffix, test.operators, frames)


def refuse_strange_types(test):
    types = {value.type.tensor_type.elem_type for value in [*test.model.graph.input, *test.model.graph.output]}
    if types & {TensorProto.STRING, TensorProto.BFLOAT16, TensorProto.UNDEFINED}:
        raise Skipped("not all inputs and outputs are numbers that numpy knows")


def cases_of(directory):
    """The one or two cases of a test directory; throws Skipped if there is none."""
    test = read_test(directory)
    if test.name in CHANNELS_LAST:
        raise Skipped("its picture has the channels last")
    refuse_strange_types(test)
    picture = find_picture(test)
    companions = find_companions(test, picture)
    cases = []
    reason = None
    for names, suffix in (([picture], ""), ([picture, *companions], "+split")):
        if suffix and not companions:
            continue
        try:
            cases.append(case_of(test, names, suffix))
        except Skipped as error:
            reason = error
    if not cases:
        raise reason
    return cases


def folded_case_of(directory):
    """The case in which nothing depends on the picture: every input of the test is a constant, so that import has to
    compute the outputs. They become the picture's further channels, the extents of each before its elements."""
    test = read_test(directory)
    refuse_strange_types(test)
    model = onnx.ModelProto()
    model.CopyFrom(test.model)
    graph = model.graph
    del graph.input[:], graph.initializer[:], graph.output[:]
    graph.input.append(helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 1, 1, 1]))
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in test.inputs.items())
    graph.initializer.append(numpy_helper.from_array(np.array([1, -1, 1, 1]), "channels"))
    joined, numbers = ["picture"], [np.zeros(1, np.float32)]
    for name, value in test.outputs.items():
        graph.node.append(helper.make_node("Shape", [name], [f"{name}.shape"]))
        for part, content in ((f"{name}.shape", np.array(value.shape)), (name, value)):
            if content.size:
                graph.node.append(helper.make_node("Cast", [part], [f"{part}.cast"], to=TensorProto.FLOAT))
                graph.node.append(helper.make_node("Reshape", [f"{part}.cast", "channels"], [f"{part}.channels"]))
                joined.append(f"{part}.channels")
                numbers.append(content.astype(np.float32).ravel())
    expected = np.concatenate(numbers).reshape(1, -1, 1, 1)
    graph.node.append(helper.make_node("Concat", joined, ["folded"], axis=1))
    graph.output.append(helper.make_tensor_value_info("folded", TensorProto.FLOAT, expected.shape))
    return Case(test.name, test.operators, [Frame(model, np.zeros((1, 1, 1), np.float32), {"folded": expected})])


def find_directories(data):
    """All test directories below ONNX's test data, in a fixed order."""
    return [path.parent for kind in KINDS for path in sorted((data / kind).glob("*/model.onnx"))]
