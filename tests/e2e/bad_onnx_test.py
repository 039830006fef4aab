#!/usr/bin/python3
"""Bad ONNX files: one line that names the file and what is wrong, exit code 3, and no model left behind.

Needs Debian's `python3-onnx`, which builds a small good network; every test damages a copy of it in one way.
"""

import os
import unittest

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from program import BAD_INPUT, DONE, NO_FILE, ProgramTest, vpinfer

OPSET = 13
SECONDS = 10  # a refusal takes no time


def constant(name, values, kind=np.float32):
    return numpy_helper.from_array(np.array(values, kind), name)


def random(name, *shape):
    return constant(name, np.random.default_rng(1).normal(size=shape))


def value(name, *shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def node(operator, inputs, outputs, **attributes):
    return helper.make_node(operator, inputs.split(), outputs.split(), **attributes)


def model_of(nodes, constants=(), inputs=(value("x", 1, 3, 8, 8),), outputs=(value("y", None, None, None, None),),
             opset=OPSET, ir_version=8):
    graph = helper.make_graph(nodes, "network", list(inputs), list(outputs), list(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version)


def good_model():
    """photo [1][3][8][8] -> convolution -> convolved -> ReLU -> rectified -> pooling -> pooled [1][4][4][4]"""
    return model_of([node("Conv", "photo filters biases", "convolved", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
                     node("Relu", "convolved", "rectified"),
                     node("MaxPool", "rectified", "pooled", kernel_shape=[2, 2], strides=[2, 2])],
                    [random("filters", 4, 3, 3, 3), random("biases", 4)],
                    [value("photo", 1, 3, 8, 8)], [value("pooled", 1, 4, 4, 4)])


def flat_model(*nodes, constants=(), columns=None):
    """x [1][12] -> nodes -> y"""
    return model_of(nodes, constants, [value("x", 1, 12)], [value("y", 1, columns)])


class OnnxTest(ProgramTest):
    def refuse_file(self, path, *fragments):
        """The file is refused in one printable line that has its name and these fragments, in capitals or not."""
        before = self.names()
        with self.subTest(path.name):
            done = vpinfer("import", path, "-o", self.path("m.h5"), timeout=SECONDS)
            self.assert_refused(done, BAD_INPUT, path.name)
            for fragment in fragments:
                self.assertIn(str(fragment).lower(), done.err.lower(), done)
            self.assertTrue(done.err.rstrip("\n").isprintable(), repr(done.err))
            self.assertLess(len(done.err), 1000, done)
            self.assertEqual(self.names(), before)

    def refuse(self, name, model, *fragments):
        """As refuse_file, of a file `name`.onnx with these bytes or this model."""
        content = model if isinstance(model, bytes) else model.SerializeToString()
        path = self.write(f"{name}.onnx", content)
        self.refuse_file(path, *fragments)
        path.unlink()

    def accept_or_refuse(self, name, content, seconds=SECONDS):
        """The program may take this file for good or refuse it, but in an orderly way."""
        path = self.write(f"{name}.onnx", content)
        with self.subTest(name):
            done = vpinfer("import", path, "-o", self.path("m.h5"), timeout=seconds)
            self.assertIn(done.code, (DONE, BAD_INPUT), done)
            self.assertEqual(self.path("m.h5").exists(), done.code == DONE, done)
            self.assertLessEqual(len(done.err.splitlines()), 1, done)
        path.unlink()
        self.path("m.h5").unlink(missing_ok=True)

    def accept(self, name, model):
        path = self.write(f"{name}.onnx", model.SerializeToString())
        with self.subTest(name):
            self.assert_done(vpinfer("import", path, "-o", self.path("m.h5"), timeout=SECONDS))
        path.unlink()
        self.path("m.h5").unlink(missing_ok=True)

    def changed(self, change):
        """The good network after `change(model)`."""
        model = good_model()
        change(model)
        return model


class GoodOnnx(OnnxTest):
    def test_what_the_others_damage(self):
        onnx.checker.check_model(good_model(), full_check=True)
        self.accept("good", good_model())


class BadFiles(OnnxTest):
    def test_no_file(self):
        self.refuse_file(self.path("absent.onnx"), NO_FILE.format(self.path("absent.onnx")))
        self.path("folder.onnx").mkdir()
        self.refuse_file(self.path("folder.onnx"), "folder.onnx: Is a directory")

    def test_no_model(self):
        self.refuse("empty", b"", "empty")
        self.refuse("text", b"hello, world\n")
        self.refuse("random", np.random.default_rng(1).bytes(10_000))
        self.refuse("zeros", bytes(1000))
        self.refuse("darknet", b"[net]\nheight=8\nwidth=8\n[maxpool]\n")

    def test_truncated(self):
        content = good_model().SerializeToString()
        for length in [*range(1, 40), *range(40, len(content), 53), len(content) - 1]:
            self.refuse(f"cut-{length}", content[:length])

    def test_damaged_bytes_do_not_crash(self):
        content = good_model().SerializeToString()
        generator = np.random.default_rng(2)
        for count in range(60):
            damaged = bytearray(content)
            for place in generator.integers(0, len(content), 4):
                damaged[place] ^= 1 << generator.integers(8)
            self.accept_or_refuse(f"damaged-{count}", bytes(damaged))  # a changed weight is no error

    def test_lengths_beyond_the_file(self):
        def varint(number):
            groups = []
            while number > 127:
                groups.append(number & 127 | 128)
                number >>= 7
            return bytes([*groups, number])

        for size in (100, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**64 - 1):
            self.refuse(f"graph-{size}", b"\x08\x08\x3a" + varint(size) + b"\x0a")  # field 7, the graph
        self.refuse("varint", b"\x08" + b"\xff" * 20)
        self.refuse("group", b"\x08\x08" + b"\x3b" * 1000)
        nested = b""
        for _ in range(2000):  # graphs in attributes of nodes of graphs
            nested = b"\x32" + varint(len(nested)) + nested                              # AttributeProto.g
            nested = b"\x2a" + varint(len(nested)) + nested                              # NodeProto.attribute
            nested = b"\x0a" + varint(len(nested)) + nested                              # GraphProto.node
        self.refuse("nested", b"\x08\x08\x3a" + varint(len(nested)) + nested)

    def test_a_bad_place_for_a_good_model(self):
        path = self.write("good.onnx", good_model().SerializeToString())
        for place in (self.path("absent/m.h5"), self.folder):
            self.assert_refused(vpinfer("import", path, "-o", place, timeout=SECONDS), BAD_INPUT, place)
        self.assertEqual(self.names(), ["good.onnx"])


class BadTensors(OnnxTest):
    def refuse_weights(self, name, change, *fragments):
        """`change` damages the first constant, filters [4][3][3][3]."""
        self.refuse(name, self.changed(lambda model: change(model.graph.initializer[0])), *fragments)

    def set_dims(self, name, *dims):
        def change(tensor):
            del tensor.dims[:]
            tensor.dims.extend(dims)
        self.refuse_weights(name, change, "filters")

    def test_sizes(self):
        def resized(size):
            def change(tensor):
                tensor.raw_data = (tensor.raw_data * 2)[:size]
            return change

        for size in (0, 1, 428, 431, 433, 436, 864):
            self.refuse_weights(f"bytes-{size}", resized(size), "filters")

    def test_dims(self):
        self.set_dims("negative", -4, 3, 3, 3)
        self.set_dims("two-negatives", -4, -3, 3, 3)
        self.set_dims("zero", 0, 3, 3, 3)
        self.set_dims("overflow", 2**62, 2**62, 3, 3)
        self.set_dims("overflow-to-the-size", 4, 3, 3, 3 + 2**62)
        self.set_dims("huge", 2**31, 2**31, 1, 1)
        self.set_dims("many", *[1] * 100_000)
        self.set_dims("scalar")

    def test_types(self):
        def retype(kind):
            def change(tensor):
                tensor.data_type = kind
            return change

        for kind in (TensorProto.UNDEFINED, TensorProto.INT32, TensorProto.STRING, TensorProto.COMPLEX64, 99):
            self.refuse_weights(f"type-{kind}", retype(kind), "filters")

    def test_values_in_two_places(self):
        self.refuse_weights("raw-and-typed", lambda tensor: tensor.float_data.extend([1.0] * 5), "filters")

    def test_external_data(self):
        def move_out(location, offset=None):
            def change(tensor):
                tensor.ClearField("raw_data")
                tensor.data_location = TensorProto.EXTERNAL
                entries = {"location": location} if location is not None else {}
                for key, content in (entries | ({"offset": offset} if offset else {})).items():
                    entry = tensor.external_data.add()
                    entry.key, entry.value = key, content
            return change

        self.refuse_weights("outside", move_out("../../../../../../../../etc/passwd"))
        self.refuse_weights("absolute", move_out("/etc/passwd"))
        self.refuse_weights("absent", move_out("weights.bin"))
        self.refuse_weights("nowhere", move_out(None))
        self.refuse_weights("empty-place", move_out(""))
        self.refuse_weights("itself", move_out("."))
        self.write("short.bin", b"\0" * 100)
        self.refuse_weights("short", move_out("short.bin"))
        self.write("long.bin", b"\0" * 432)
        for offset in ("-4", "4", "1000", "99999999999999999999", "four"):
            self.refuse_weights(f"offset-{offset}", move_out("long.bin", offset))
        os.symlink("/etc/passwd", self.path("link.bin"))
        self.refuse_weights("link", move_out("link.bin"))

    def test_good_external_data(self):
        model = good_model()
        tensor = model.graph.initializer[0]
        content = tensor.raw_data
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, text in (("location", "weights.bin"), ("offset", "4"), ("length", str(len(content)))):
            entry = tensor.external_data.add()
            entry.key, entry.value = key, text
        self.write("weights.bin", b"\0" * 4 + content)
        self.accept("external", model)

    def test_external_data_that_many_share(self):
        """A short file that fills the memory: 2000 tensors of the same megabyte."""
        self.write("shared.bin", bytes(2**20))
        tensors = []
        for number in range(2000):
            tensor = TensorProto(name=f"t{number}", data_type=TensorProto.FLOAT, dims=[2**18],
                                 data_location=TensorProto.EXTERNAL)
            entry = tensor.external_data.add()
            entry.key, entry.value = "location", "shared.bin"
            tensors.append(tensor)
        self.refuse("shared", self.changed(lambda model: model.graph.initializer.extend(tensors)), "shared.bin")

    def test_two_constants_of_one_name(self):
        again = random("filters", 4, 3, 3, 3)
        self.refuse("twice", self.changed(lambda model: model.graph.initializer.append(again)), "filters")

    def test_numbers_that_are_none(self):
        """They are numbers to IEEE 754, and what a network does with them is its own affair."""
        model = good_model()
        for number in (np.nan, np.inf, -np.inf):
            weights = numpy_helper.to_array(model.graph.initializer[0]).copy()
            weights[1, 1] = number
            model.graph.initializer[0].CopyFrom(constant("filters", weights))
            self.accept_or_refuse(str(number), model.SerializeToString())


class BadGraphs(OnnxTest):
    def test_names(self):
        def unknown_input(model):
            model.graph.node[1].input[0] = "nobody"

        def unknown_output(model):
            model.graph.output[0].name = "nobody"

        def same_output(model):
            model.graph.node[1].output[0] = "convolved"

        def shadowed_input(model):
            model.graph.node[0].output[0] = "photo"

        def shadowed_constant(model):
            model.graph.node[1].output[0] = "filters"

        def no_name(model):
            model.graph.node[0].input[0] = ""

        def control_characters(model):
            model.graph.node[1].input[0] = "no\nbody\x1b[31m\r"

        self.refuse("unknown-input", self.changed(unknown_input), "nobody")
        self.refuse("unknown-output", self.changed(unknown_output), "nobody")
        self.refuse("same-output", self.changed(same_output), "convolved")
        self.refuse("shadowed-input", self.changed(shadowed_input), "photo")
        self.refuse("shadowed-constant", self.changed(shadowed_constant), "filters")
        self.refuse("no-name", self.changed(no_name))
        self.refuse("control-characters", self.changed(control_characters))

    def test_cycles(self):
        def itself(model):
            model.graph.node[1].input[0] = "rectified"

        def two(model):
            model.graph.node[0].input[0] = "rectified"

        self.refuse("itself", self.changed(itself), "rectified")
        self.refuse("two", self.changed(two))

    def test_nothing(self):
        self.refuse("no-graph", self.changed(lambda model: model.ClearField("graph")))
        self.refuse("no-nodes", self.changed(lambda model: model.graph.ClearField("node")))
        self.refuse("no-output", self.changed(lambda model: model.graph.ClearField("output")), "output")
        self.refuse("empty-graph", helper.make_model(helper.make_graph([], "empty", [], [])))

    def test_inputs(self):
        self.refuse("none", self.changed(lambda model: model.graph.ClearField("input")))
        self.refuse("two", model_of([node("Add", "x second", "y")],
                                    inputs=[value("x", 1, 3, 8, 8), value("second", 1, 3, 8, 8)]), "second")
        self.refuse("twice", self.changed(lambda model: model.graph.input.append(value("photo", 1, 3, 8, 8))))
        shapes = {"no-rows": (1, 3, 0, 8), "negative": (1, 3, -8, 8), "huge": (1, 2**62, 2**62, 8),
                  "too-large": (1, 3, 2**31, 2**31), "two-pictures": (2, 3, 8, 8), "one-dimension": (192,),
                  "five-dimensions": (1, 3, 8, 8, 8), "scalar": (), "symbolic-rows": (1, 3, "H", "W"),
                  "unknown-rows": (1, 3, None, None)}
        for name, shape in shapes.items():
            def change(model, shape=shape):
                model.graph.input[0].CopyFrom(value("photo", *shape))
            self.refuse(name, self.changed(change))
        for kind in (TensorProto.INT64, TensorProto.UINT8, TensorProto.STRING, TensorProto.UNDEFINED, 99):
            def change_type(model, kind=kind):
                model.graph.input[0].type.tensor_type.elem_type = kind
            self.refuse(f"type-{kind}", self.changed(change_type))
        self.refuse("no-type", self.changed(lambda model: model.graph.input[0].ClearField("type")))
        self.refuse("no-shape",
                    self.changed(lambda model: model.graph.input[0].type.tensor_type.ClearField("shape")))

    def test_batch_may_be_symbolic(self):
        photos = value("photo", "N", 3, 8, 8)
        self.accept("symbolic-batch", self.changed(lambda model: model.graph.input[0].CopyFrom(photos)))

    def test_shapes_that_lie(self):
        def lie(*shape):
            return lambda model: model.graph.output[0].CopyFrom(value("pooled", *shape))

        self.refuse("rows", self.changed(lie(1, 4, 5, 4)))
        self.refuse("channels", self.changed(lie(1, 3, 4, 4)))
        self.refuse("rank", self.changed(lie(1, 64)))
        self.refuse("middle", self.changed(lambda model: model.graph.value_info.append(value("convolved", 1, 4, 7, 7))))

    def test_versions(self):
        def opset(version, domain=""):
            def change(model):
                del model.opset_import[:]
                model.opset_import.append(helper.make_opsetid(domain, version))
            return change

        for version in (-1, 0, 6, 1000, 2**62):
            self.refuse(f"opset-{version}", self.changed(opset(version)), "opset")
        self.refuse("no-opset", self.changed(lambda model: model.ClearField("opset_import")), "opset")
        self.refuse("another-opset", self.changed(opset(1, "com.example")), "opset")

    def test_branches(self):
        def branch(operator, source, target):
            return helper.make_graph([node(operator, source, target)], "branch", [],
                                     [value(target, None, None, None, None)])

        def choice(condition, then):
            return model_of([node("Relu", "x", "r"),
                             node("If", condition, "y", then_branch=then, else_branch=branch("Tanh", "r", "e"))],
                            [constant("yes", True, np.bool_)])

        self.accept("branch", choice("yes", branch("Sigmoid", "r", "t")))
        self.refuse("branch-by-picture", choice("x", branch("Sigmoid", "r", "t")), "If", "depends on the picture")
        self.refuse("branch-of-itself", choice("yes", branch("Sigmoid", "t", "t")), "'t'")
        self.refuse("branch-reads-its-result", choice("yes", branch("Sigmoid", "y", "t")), "'y'")
        self.refuse("branch-shadows", choice("yes", branch("Sigmoid", "r", "r")), "'r'")
        body = branch("Sigmoid", "r", "t")
        self.refuse("loop", model_of([node("Relu", "x", "r"), node("Loop", "", "y", body=body)]), "Loop",
                    "--outputs r would import the rest")

    def test_operators(self):
        def operator(name, domain=""):
            def change(model):
                model.graph.node[1].op_type = name
                model.graph.node[1].domain = domain
            return change

        self.refuse("operator", self.changed(operator("Frobnicate")), "Frobnicate", "not supported")
        self.refuse("no-operator", self.changed(operator("")))
        self.refuse("lower-case", self.changed(operator("relu")), "relu", "not supported")
        self.refuse("domain", self.changed(operator("Relu", "com.example")), "com.example", "not supported")
        self.refuse("control", self.changed(operator("Re\nlu\x1b[31m")), "not supported")


class BadOperators(OnnxTest):
    def refuse_nodes(self, name, *nodes, constants=(), fragments=()):
        self.refuse(name, model_of(nodes, constants), *fragments)

    def refuse_convolution(self, name, weights=(4, 3, 3, 3), more=(), **attributes):
        inputs = " ".join(["x w", *(tensor.name for tensor in more)])
        self.refuse_nodes(name, node("Conv", inputs, "y", **attributes), constants=[random("w", *weights), *more],
                          fragments=["Conv"])

    def test_convolutions(self):
        self.refuse_convolution("channels", (4, 2, 3, 3))
        self.refuse_convolution("rank", (4, 27))
        self.refuse_convolution("no-filters", (0, 3, 3, 3))
        self.refuse_convolution("kernel", kernel_shape=[5, 5])
        self.refuse_convolution("kernel-of-three", kernel_shape=[3, 3, 3])
        self.refuse_convolution("kernel-too-large", (4, 3, 9, 9))
        self.refuse_convolution("dilated-too-large", dilations=[4, 4])
        for groups in (-1, 0, 2, 4, 2**31, 2**62):
            self.refuse_convolution(f"groups-{groups}", group=groups)
        self.refuse_convolution("groups-of-filters", (4, 1, 3, 3), group=3)
        for number in (-1, 0):
            self.refuse_convolution(f"strides-{number}", strides=[number, number])
        for number in (-1, 0, 2**31, 2**62):
            self.refuse_convolution(f"dilations-{number}", dilations=[number, number])
        self.refuse_convolution("strides-of-one", strides=[1])
        for number in (-1, -2**31, 2**31, 2**62):
            self.refuse_convolution(f"pads-{number}", pads=[number] * 4)
        self.refuse_convolution("pads-of-two", pads=[1, 1])
        self.refuse_convolution("auto-pad", auto_pad="SIDEWAYS")
        self.refuse_convolution("bias", more=[random("b", 5)])
        self.refuse_convolution("bias-rank", more=[random("b", 2, 2)])
        self.refuse_convolution("four-inputs", more=[random("b", 4), random("c", 4)])
        self.refuse_convolution("text-for-a-number", group="one")
        self.refuse_convolution("numbers-for-a-number", group=[1])
        self.refuse_convolution("number-for-numbers", strides=1)
        self.refuse_nodes("no-weights", node("Conv", "x", "y"), fragments=["Conv"])
        self.refuse_nodes("no-inputs", node("Conv", "", "y"), fragments=["Conv"])
        self.refuse_nodes("no-output", node("Conv", "x w", ""), constants=[random("w", 4, 3, 3, 3)])

    def test_poolings(self):
        for operator in ("MaxPool", "AveragePool"):
            for name, attributes in {"no-kernel": {}, "kernel-zero": {"kernel_shape": [0, 2]},
                                     "kernel-negative": {"kernel_shape": [-2, -2]},
                                     "kernel-huge": {"kernel_shape": [2**62, 2]},
                                     "kernel-too-large": {"kernel_shape": [9, 9]},
                                     "kernel-of-one": {"kernel_shape": [2]},
                                     "strides-zero": {"kernel_shape": [2, 2], "strides": [0, 0]},
                                     "strides-negative": {"kernel_shape": [2, 2], "strides": [-1, -1]},
                                     "pads-negative": {"kernel_shape": [2, 2], "pads": [-1, -1, -1, -1]},
                                     "pads-as-kernel": {"kernel_shape": [2, 2], "pads": [2, 2, 2, 2]},
                                     "pads-of-three": {"kernel_shape": [2, 2], "pads": [1, 1, 1]}}.items():
                self.refuse_nodes(f"{operator}-{name}", node(operator, "x", "y", **attributes), fragments=[operator])

    def test_between_tensors(self):
        half = node("MaxPool", "x", "h", kernel_shape=[2, 2], strides=[2, 2])
        self.refuse_nodes("concat-rows", half, node("Concat", "x h", "y", axis=1), fragments=["Concat"])
        self.refuse_nodes("concat-axis", node("Concat", "x x", "y", axis=7), fragments=["Concat"])
        self.refuse_nodes("concat-no-axis", node("Concat", "x x", "y"), fragments=["Concat"])
        self.refuse_nodes("concat-nothing", node("Concat", "", "y", axis=1), fragments=["Concat"])
        self.refuse_nodes("add-rows", half, node("Add", "x h", "y"), fragments=["Add"])
        self.refuse_nodes("add-channels", node("Add", "x b", "y"), constants=[random("b", 2, 1, 1)], fragments=["Add"])
        self.refuse_nodes("add-one", node("Add", "x", "y"), fragments=["Add"])
        self.refuse_nodes("add-three", node("Add", "x x x", "y"), fragments=["Add"])

    def test_splits(self):
        def refuse_split(name, sizes, outputs="y z", axis=1):
            self.refuse_nodes(f"split-{name}", node("Split", "x s", outputs, axis=axis),
                              constants=[constant("s", sizes, np.int64)], fragments=["Split"])

        refuse_split("too-few", [1, 1])
        refuse_split("too-many", [2, 2])
        refuse_split("negative", [4, -1])
        refuse_split("overflow", [2**63 - 1, 2**63 - 1])
        refuse_split("three-for-two", [1, 1, 1])
        refuse_split("axis", [1, 2], axis=4)

    def test_reshapes(self):
        def refuse_reshape(name, shape):
            self.refuse_nodes(f"reshape-{name}", node("Reshape", "x s", "y"),
                              constants=[constant("s", shape, np.int64)], fragments=["Reshape"])

        refuse_reshape("size", [1, 191])
        refuse_reshape("does-not-divide", [1, -1, 5])
        refuse_reshape("two-unknown", [1, -1, -1])
        refuse_reshape("negative", [1, -192])
        refuse_reshape("overflow", [2**62, 2**62, 192])
        refuse_reshape("zero-beyond", [1, 3, 8, 8, 0])
        self.refuse_nodes("reshape-computed", node("Reshape", "x x", "y"), fragments=["Reshape"])
        self.refuse_nodes("reshape-float", node("Reshape", "x s", "y"), constants=[constant("s", [1, 192])],
                          fragments=["Reshape"])
        self.refuse_nodes("transpose-twice", node("Transpose", "x", "y", perm=[0, 1, 1, 2]), fragments=["Transpose"])
        self.refuse_nodes("transpose-beyond", node("Transpose", "x", "y", perm=[0, 1, 2, 4]), fragments=["Transpose"])
        self.refuse_nodes("flatten-beyond", node("Flatten", "x", "y", axis=5), fragments=["Flatten"])

    def test_products(self):
        self.refuse("gemm-inner", flat_model(node("Gemm", "x w", "y"), constants=[random("w", 11, 4)]), "Gemm")
        self.refuse("gemm-transposed", flat_model(node("Gemm", "x w", "y", transB=1), constants=[random("w", 12, 4)]),
                    "Gemm")
        self.refuse("gemm-bias", flat_model(node("Gemm", "x w b", "y"), constants=[random("w", 12, 4), random("b", 5)]),
                    "Gemm")
        self.refuse("gemm-rank", flat_model(node("Gemm", "x w", "y"), constants=[random("w", 12, 4, 1)]), "Gemm")
        self.refuse("matmul-inner", flat_model(node("MatMul", "x w", "y"), constants=[random("w", 11, 4)]), "MatMul")
        self.refuse("matmul-itself", flat_model(node("MatMul", "x x", "y")), "MatMul")

    def test_normalisations(self):
        def refuse_batch_norm(name, *sizes, **attributes):
            names = "smbv"[:len(sizes)]
            self.refuse_nodes(f"batch-norm-{name}",
                              node("BatchNormalization", " ".join(["x", *names]), "y", **attributes),
                              constants=[random(n, *size) for n, size in zip(names, sizes)],
                              fragments=["BatchNormalization"])

        refuse_batch_norm("channels", (4,), (4,), (4,), (4,))
        refuse_batch_norm("variance", (3,), (3,), (3,), (2,))
        refuse_batch_norm("rank", (3, 1), (3, 1), (3, 1), (3, 1))
        refuse_batch_norm("three", (3,), (3,), (3,))

    def test_a_long_chain(self):
        names = ["x", *(f"t{i}" for i in range(20_000)), "y"]
        nodes = [node("Relu", source, target) for source, target in zip(names, names[1:])]
        model = model_of(nodes, outputs=[value("y", 1, 3, 8, 8)])
        self.accept_or_refuse("long", model.SerializeToString(), seconds=60)

    def test_a_stride_beyond_the_picture(self):
        """A convolution of a single place."""
        for stride in (9, 2**31, 2**62):
            model = model_of([node("Conv", "x w", "y", strides=[stride, stride])], [random("w", 4, 3, 3, 3)])
            self.accept_or_refuse(f"stride-{stride}", model.SerializeToString())

    def test_many_bytes_of_few(self):
        """Sizes that multiply until memory runs out are refused before anything is allocated."""
        for name, scales in (("large", [1, 1, 1e6, 1e6]), ("nan", [1, 1, np.nan, 1]), ("negative", [1, 1, -2, 2]),
                             ("zero", [1, 1, 0, 2]), ("three", [1, 2, 2])):
            self.refuse_nodes(f"resize-{name}", node("Resize", "x roi s", "y", mode="nearest"),
                              constants=[constant("roi", []), constant("s", scales)])
        for name, extents in (("large", [2**20, 2**12]), ("overflow", [2**62, 2**62]), ("negative", [-1, 4])):
            self.refuse_nodes(f"fill-{name}", node("ConstantOfShape", "s", "c"), node("Add", "x c", "y"),
                              constants=[constant("s", extents, np.int64)], fragments=["ConstantOfShape"])
        doubling = [node("Concat", f"c{i} c{i}", f"c{i + 1}", axis=0) for i in range(60)]
        self.refuse_nodes("doubling", *doubling, node("Add", "x c60", "y"), constants=[constant("c0", [1.0])],
                          fragments=["too large"])
        self.refuse_nodes("pad-large", node("Pad", "x p", "y"),
                          constants=[constant("p", [0, 0, 2**40, 0, 0, 0, 2**40, 0], np.int64)])


if __name__ == "__main__":
    unittest.main()
