// Darknet's layers that take maxima and means.

#include <algorithm>

#include "import/darknet_layers.hpp"

namespace vpinfer {
namespace {

/// The windows along rows and columns.
struct PoolWindows {
  Window rows;
  Window cols;
};

/// Darknet's padding is the sum of both sides; the smaller half comes first.
PoolWindows read_pool_windows(const SectionBuild& build, const Strides& strides) {
  const int size = build.section.integer("size", build.section.integer("stride", 1));
  const int padding = build.section.integer("padding", std::max(0, size - 1));
  const auto window = [&](int stride) {
    return Window{size, stride, padding / 2, padding - padding / 2};
  };
  return {window(strides.rows), window(strides.cols)};
}

/// The largest of every `wanted`-th channel: halves are compared until so many are left.
void append_channel_maxima(const SectionBuild& build, int wanted) {
  const int channels = build.input_shape().channels;
  if (wanted < 1 || channels % wanted != 0) {
    build.refuse("out_channels=" + std::to_string(wanted) + " must divide the " +
                 std::to_string(channels) + " input channels");
  }
  const auto larger = [&](int a, int b) {
    return build.append_to(Elementwise{Arithmetic::kMaximum}, {a, b});
  };
  int largest = build.previous;
  std::vector<int> odd_ones;
  for (int groups = channels / wanted; groups > 1; groups /= 2) {
    const int half = groups / 2 * wanted;
    if (groups % 2 != 0) odd_ones.push_back(build.append_channels(largest, 2 * half, wanted));
    largest =
        larger(build.append_channels(largest, 0, half), build.append_channels(largest, half, half));
  }
  for (const int odd : odd_ones) largest = larger(largest, odd);
  if (channels == wanted) build.append(Concat{});
}

}  // namespace

void add_max_pool(const SectionBuild& build) {
  CfgSection& section = build.section;
  const Strides strides = build.strides();
  const int blur = section.integer("antialiasing", 0);
  const PoolWindows windows = read_pool_windows(build, blur == 0 ? strides : Strides{});
  const int wanted = section.integer("out_channels", 1);
  if (section.flag("maxpool_depth")) {
    if (blur != 0) build.refuse("antialiasing is not supported with maxpool_depth");
    return append_channel_maxima(build, wanted);
  }
  const int position = build.append(MaxPool{windows.rows, windows.cols});
  if (blur != 0) build.append_blur(position, blur, strides);
}

void add_local_average_pool(const SectionBuild& build) {
  const PoolWindows windows = read_pool_windows(build, build.strides());
  build.append(AveragePool{windows.rows, windows.cols});
}

void add_average_pool(const SectionBuild& build) {
  const Shape& in = build.input_shape();
  build.append(AveragePool{Window{in.rows}, Window{in.cols}});
}

}  // namespace vpinfer
