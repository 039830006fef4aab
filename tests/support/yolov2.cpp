#include "support/yolov2.hpp"

namespace vpinfer {
namespace {

struct Builder {
  Network network;

  void convolution(int filters, int size, Activation activation = Activation::kLeaky) {
    const Window window{size, 1, size / 2, size / 2};
    append(Convolution{filters, 1, window, window, activation});
  }
  void max_pool() {
    const Window window{2, 2, 0, 1};
    append(MaxPool{window, window});
  }
  /// 3x3 convolutions with a 1x1 bottleneck between each two.
  void bottlenecks(int filters, int count) {
    convolution(filters, 3);
    for (int i = 1; i < count; ++i) {
      convolution(filters / 2, 1);
      convolution(filters, 3);
    }
  }
  void append(Operation operation) { append_to(std::move(operation), {network.size() - 1}); }
  void append_to(Operation operation, std::vector<int> inputs) {
    add_layer(network, std::move(operation), std::move(inputs), "yolov2");
  }
};

}  // namespace

Network yolov2() {
  Builder build;
  build.network.name = "yolov2";
  build.network.layers.push_back({Input{}, {}, {416, 416, 3}});
  build.convolution(32, 3);
  build.max_pool();
  build.convolution(64, 3);
  build.max_pool();
  build.bottlenecks(128, 2);
  build.max_pool();
  build.bottlenecks(256, 2);
  build.max_pool();
  build.bottlenecks(512, 3);
  build.max_pool();
  build.bottlenecks(1024, 3);
  build.convolution(1024, 3);
  build.convolution(1024, 3);
  build.append_to(Concat{}, {Network::position(16)});
  build.convolution(64, 1);
  build.append(Reorg{2, false});
  build.append_to(Concat{}, {Network::position(27), Network::position(24)});
  build.convolution(1024, 3);
  build.convolution(425, 1, Activation::kLinear);
  build.append(Region{80,
                      true,
                      {{0.57273F, 0.677385F},
                       {1.87446F, 2.06253F},
                       {3.33843F, 5.47434F},
                       {7.88282F, 3.52778F},
                       {9.77052F, 9.16828F}}});
  return build.network;
}

}  // namespace vpinfer
