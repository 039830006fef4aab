"""Networks built like those that Darknet's forks train, a few filters wide: texts of cfgs, 3 classes."""

CLASSES = 3
ANCHORS = "5,7, 10,14, 20,11, 15,30, 31,22, 29,60, 58,45, 78,99, 96,88"


class Builder:
    """Writes sections one after another; `at` is the number of the last layer."""

    def __init__(self, size, activation):
        self.sections = [f"[net]\nwidth={size}\nheight={size}\nchannels=3\n"]
        self.activation = activation

    @property
    def at(self):
        return len(self.sections) - 2

    def add(self, kind, **keys):
        self.sections.append(f"[{kind}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items()))
        return self.at

    def conv(self, filters, size=3, stride=1, **keys):
        return self.add("convolutional", **{"batch_normalize": 1, "filters": filters, "size": size, "stride": stride,
                                            "pad": 1, "activation": self.activation} | keys)

    def route(self, *layers, **keys):
        return self.add("route", layers=",".join(map(str, layers)), **keys)

    def pyramid_pooling(self):
        """The largest of 5 x 5, 9 x 9 and 13 x 13 pixels beside each other, and the pixel."""
        self.add("maxpool", stride=1, size=5)
        self.route(-2)
        self.add("maxpool", stride=1, size=9)
        self.route(-4)
        self.add("maxpool", stride=1, size=13)
        return self.route(-1, -3, -5, -6)

    def upward(self, stage, filters):
        """A larger stage beside what there is, both with so many filters."""
        self.conv(filters, 1)
        self.add("upsample", stride=2)
        self.route(stage)
        self.conv(filters, 1)
        return self.route(-1, -3)

    def head(self, mask, **keys):
        """A linear convolution and [yolo]; `activation` is the convolution's."""
        activation = keys.pop("activation", "linear")
        anchors = len(mask.split(","))
        self.add("convolutional", size=1, stride=1, pad=1, filters=anchors * (5 + CLASSES), activation=activation)
        return self.add("yolo", mask=mask, anchors=ANCHORS, classes=CLASSES, num=9, jitter=".3", truth_thresh=1, **keys)

    def text(self):
        return "\n".join(self.sections)


def yolov4(size=96):
    """CSP stages of mish with residuals, SPP, a path down and up, three stretched heads, each from large to small."""
    net = Builder(size, "mish")
    net.conv(6)
    stages = []
    for filters, residuals in ((8, 1), (8, 2), (12, 2), (12, 2), (16, 1)):
        net.conv(filters, stride=2)
        net.conv(filters // 2, 1)
        beside = net.at
        net.route(-2)
        net.conv(filters // 2, 1)
        for _ in range(residuals):
            net.conv(filters // 2, 1)
            net.conv(filters // 2)
            net.add("shortcut", **{"from": -3, "activation": "linear"})
        net.conv(filters // 2, 1)
        net.route(-1, beside)
        stages.append(net.conv(filters, 1))
    net.activation = "leaky"
    net.conv(8, 1)
    net.pyramid_pooling()
    small = net.conv(8, 1)
    net.upward(stages[3], 6)
    middle = net.conv(6, 1)
    net.upward(stages[2], 4)
    net.conv(4, 1)
    for mask, scale, beside, filters in (("0,1,2", 1.2, None, 4), ("3,4,5", 1.1, middle, 6), ("6,7,8", 1.05, small, 8)):
        if beside:
            net.route(-4)
            net.conv(filters, stride=2)
            net.route(-1, beside)
        net.conv(filters, 1)
        net.conv(2 * filters)
        net.head(mask, scale_x_y=scale, iou_thresh=0.213, cls_normalizer="1.0", iou_normalizer="0.07", iou_loss="ciou",
                 nms_kind="greedynms", beta_nms="0.6", max_delta=5, ignore_thresh=".7")
    return net.text()


def yolov4_tiny(size=96):
    """Halves of channels by route groups, two heads."""
    net = Builder(size, "leaky")
    net.conv(8, stride=2)
    net.conv(8, stride=2)
    for filters in (8, 12, 16):
        net.conv(filters)
        whole = net.at
        net.route(-1, groups=2, group_id=1)
        net.conv(filters // 2)
        net.conv(filters // 2)
        net.route(-1, -2)
        inner = net.conv(filters, 1)
        net.route(whole, -1)
        net.add("maxpool", size=2, stride=2)
    net.conv(16)
    before = net.conv(8, 1)
    net.conv(16)
    net.head("3,4,5", scale_x_y="1.05", random=0, resize="1.5")
    net.route(before)
    net.conv(6, 1)
    net.add("upsample", stride=2)
    net.route(-1, inner)
    net.conv(12)
    net.head("1,2,3", scale_x_y="1.05", random=0, resize="1.5")
    return net.text()


def yolov7_tiny(size=96):
    """Aggregations of four branches, SPP with routes of four, heads of sigmoids with new_coords."""
    net = Builder(size, "leaky")

    def aggregate(filters):
        net.conv(filters // 2, 1)
        net.route(-2)
        net.conv(filters // 2, 1)
        net.conv(filters // 2)
        net.conv(filters // 2)
        net.route(-1, -2, -3, -5)
        return net.conv(filters, 1)

    net.conv(6, stride=2)
    net.conv(8, stride=2)
    stages = [aggregate(8)]
    for filters in (12, 16):
        net.add("maxpool", size=2, stride=2)
        stages.append(aggregate(filters))
    net.add("maxpool", size=2, stride=2)
    aggregate(16)
    net.conv(8, 1)
    net.pyramid_pooling()
    small = net.conv(8, 1)
    net.upward(stages[2], 6)
    middle = aggregate(8)
    net.conv(12)
    net.head("3,4,5", activation="logistic", scale_x_y="2.0", new_coords=1, nms_kind="greedynms", objectness_smooth=1)
    net.route(middle)
    net.conv(6, stride=2)
    net.route(-1, small)
    aggregate(8)
    net.head("6,7,8", activation="logistic", scale_x_y="2.0", new_coords=1, nms_kind="greedynms", objectness_smooth=1)
    return net.text()


def efficient(size=96):
    """Inverted bottlenecks of depthwise convolutions, squeezed and excited, swish; a head."""
    net = Builder(size, "swish")
    net.conv(8, stride=2)
    for filters, expanded, kernel, stride in ((6, 8, 3, 1), (8, 24, 3, 2), (8, 24, 3, 1), (10, 32, 5, 2), (10, 40, 5, 1)):
        net.conv(expanded, 1)
        depthwise = net.conv(expanded, kernel, stride, groups=expanded)
        net.add("avgpool")
        net.add("convolutional", filters=4, size=1, stride=1, activation="swish")
        net.add("convolutional", filters=expanded, size=1, stride=1, activation="logistic")
        net.add("scale_channels", **{"from": depthwise})
        net.conv(filters, 1, activation="linear")
        if stride == 1 and filters != 6:
            net.add("dropout", probability=".2")
            net.add("shortcut", **{"from": -9, "activation": "linear"})
    net.conv(24, 1)
    net.head("3,4,5")
    return net.text()


def fastest(size=96):
    """Depthwise convolutions, some of 5 x 5, relu and linear, dropout before shortcuts, two heads."""
    net = Builder(size, "relu")
    net.conv(8, stride=2)
    for filters, expanded, stride in ((4, 8, 1), (4, 16, 2), (4, 16, 1), (8, 24, 2), (8, 24, 1), (12, 32, 2), (12, 32, 1)):
        net.conv(expanded, 1)
        net.conv(expanded, 3, stride, groups=expanded)
        net.conv(filters, 1, activation="linear")
        if stride == 1 and filters > 4:
            net.add("dropout", probability=".15")
            net.add("shortcut", **{"from": -5, "activation": "linear"})
    deep = net.conv(16, 1)
    net.conv(16, 5, groups=16)
    net.conv(16, 1, activation="linear")
    net.conv(16, 5, groups=16)
    net.conv(16, 1, activation="linear")
    net.head("3,4,5", scale_x_y="1.00", iou_loss="ciou", ignore_thresh=".5", random=0)
    net.route(deep)
    net.add("upsample", stride=2)
    net.route(-1, deep - 12)
    net.conv(16, 1)
    net.conv(16, 5, groups=16)
    net.head("0,1,2", scale_x_y="1.00", iou_loss="ciou", ignore_thresh=".5", random=0)
    return net.text()


NETWORKS = {"yolov4": yolov4, "yolov4-tiny": yolov4_tiny, "yolov7-tiny": yolov7_tiny, "efficient": efficient,
            "fastest": fastest}
