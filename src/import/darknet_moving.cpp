// Darknet's layers that move elements, or take them one by one.

#include "import/darknet_layers.hpp"

namespace vpinfer {

void add_upsample(const SectionBuild& build) {
  const int stride = build.section.integer("stride", 2);
  if (stride < 1) build.refuse("stride must be at least 1");
  const Shape& in = build.input_shape();
  const auto enlarged = [&](int extent) {
    if (extent > 65536 / stride) build.refuse("its output would be too large");
    return Sampling{extent * stride, static_cast<float>(stride), 0, 0};
  };
  build.append(Resample{enlarged(in.rows), enlarged(in.cols), Interpolation::kNearestFloor,
                        build.section.number("scale", 1)});
}

void add_reorg(const SectionBuild& build) {
  if (const int extra = build.section.integer("extra", 0); extra > 0) {
    (void)build.section.integer("stride", 1);  // Darknet does not look at it either
    build.append(Flatten{extra});
    return;
  }
  build.append(Reorg{build.section.integer("stride", 1), build.section.flag("reverse")});
}

/// The pixels of a block as channels, in the order that one would expect.
void add_reorg_3d(const SectionBuild& build) {
  const int stride = build.section.integer("stride", 1);
  build.append(SpaceToDepth{stride, stride});
}

/// The centre of the picture, with values from [0, 1] moved to [-1, 1].
void add_crop(const SectionBuild& build) {
  const Shape& in = build.input_shape();
  const auto centre = [](int size, int wanted) { return Cut{(size - wanted) / 2, wanted}; };
  const bool adjust = !build.section.flag("noadjust");
  build.append(Slice{centre(in.rows, build.section.integer("crop_height", 1)),
                     centre(in.cols, build.section.integer("crop_width", 1)), Cut{0, in.channels},
                     adjust ? 2.0F : 1.0F, adjust ? -1.0F : 0.0F});
}

void add_activation(const SectionBuild& build) {
  build.append(Activate{build.activation("linear")});
}

void add_identity(const SectionBuild& build) {
  build.append(Concat{});
}

}  // namespace vpinfer
