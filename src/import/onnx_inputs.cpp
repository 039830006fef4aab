#include "import/onnx_inputs.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "import/name_list.hpp"
#include "import/onnx_metadata.hpp"
#include "import/onnx_reads.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

bool is_colour(std::int64_t extent) {
  return extent == 1 || extent == 3;
}

/// What an axis of the input is; no axis for what has extent 1.
struct Layout {
  std::optional<std::size_t> rows;
  std::optional<std::size_t> cols;
  std::size_t channels = 0;
  AxisOrder order = kChannelsFirst;
  bool has_batch = true;  ///< the first axis
};

constexpr Layout kVector{{}, {}, 1};
constexpr Layout kPicture{2, 3, 1};
constexpr Layout kPictureChannelsLast{1, 2, 3, kChannelsLast};
constexpr Layout kSequence{2, {}, 1};  // [N, C, L]
constexpr Layout kPictureAlone{1, 2, 0, kChannelsFirst, false};
constexpr Layout kPictureAloneChannelsLast{0, 1, 2, kChannelsLast, false};

class Inputs {
 public:
  Inputs(OnnxBuilder& builder, const OnnxTask& task, std::vector<std::string>& warnings)
      : builder_(builder), task_(task), warnings_(warnings) {
    for (const OnnxNode* node : task.needed) {
      for (const std::string& name : values_read(*node)) read_.insert(name);
    }
  }

  void define() {
    const OnnxValueInfo& input = picture();
    const Shape shape = define_picture(input);
    for (const OnnxValueInfo& other : task_.graph.inputs) {
      if (&other != &input && is_read(other)) define_usual(other, shape);
    }
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw BadInput(task_.where + ": " + why);
  }

  [[nodiscard]] bool is_read(const OnnxValueInfo& input) const {
    return read_.contains(input.name) && !task_.graph.initializers.contains(input.name);
  }

  /// Which pixels are the picture's, as Hugging Face's detectors ask.
  [[nodiscard]] static bool is_mask(const OnnxValueInfo& input) {
    return input.name == "pixel_mask" && input.dims && input.dims->size() == 3;
  }

  /// What detectors may ask for beside the picture: its size, twice, how it was scaled, its mask.
  [[nodiscard]] static bool is_usual(const OnnxValueInfo& input) {
    if (is_mask(input)) return true;
    constexpr std::array<std::string_view, 3> kUsual{"im_shape", "scale_factor",
                                                     "orig_target_sizes"};
    const bool fits = input.dims && !input.dims->empty() && input.dims->back() == 2;
    return fits && is_one_of(input.name, kUsual);
  }

  /// Boxes are to be in pixels of the network's input: that is the picture, and not scaled.
  void define_usual(const OnnxValueInfo& input, const Shape& shape) {
    if (is_mask(input)) {
      define_mask(input, shape);
      return;
    }
    OnnxDims dims = *input.dims;
    std::replace(dims.begin(), dims.end(), std::int64_t{-1}, std::int64_t{1});
    std::array<int, 2> values{shape.rows, shape.cols};
    if (input.name == "scale_factor") values = {1, 1};
    if (input.name == "orig_target_sizes") values = {shape.cols, shape.rows};
    OnnxTensor tensor{dims, std::vector<float>(values.begin(), values.end())};
    if (!input.is_float) tensor.values = std::vector<std::int64_t>(values.begin(), values.end());
    if (count_elements(dims) != 2) refuse("the input '" + input.name + "' must hold two numbers");
    warnings_.push_back("the input '" + input.name + "' is taken for " + std::to_string(values[0]) +
                        ", " + std::to_string(values[1]) +
                        ": boxes are in pixels of the network's input");
    builder_.define(input.name, std::make_shared<OnnxTensor>(std::move(tensor)));
  }

  void define_mask(const OnnxValueInfo& input, const Shape& shape) {
    OnnxDims dims = *input.dims;
    const OnnxDims open{1, shape.rows, shape.cols};
    for (std::size_t axis = 0; axis < dims.size(); ++axis) {
      if (dims[axis] < 0) dims[axis] = open[axis];
      if (dims[axis] < 1 || dims[axis] > 65536) refuse("the input 'pixel_mask' has no pixels");
    }
    const auto pixels = static_cast<std::size_t>(count_elements(dims));
    OnnxTensor tensor{dims, std::vector<float>(pixels, 1)};
    if (!input.is_float) tensor.values = std::vector<std::int64_t>(pixels, 1);
    warnings_.emplace_back("the input 'pixel_mask' is taken for 1: the picture fills the input");
    builder_.define(input.name, std::make_shared<OnnxTensor>(std::move(tensor)));
  }

  /// The one input that is no constant, is read, and has no usual value.
  [[nodiscard]] const OnnxValueInfo& picture() const {
    std::vector<const OnnxValueInfo*> inputs;
    for (const OnnxValueInfo& input : task_.graph.inputs) {
      if (is_read(input)) inputs.push_back(&input);
    }
    if (inputs.size() > 1)
      std::erase_if(inputs, [](const auto* input) { return is_usual(*input); });
    for (const OnnxValueInfo& input : task_.graph.inputs) {
      if (inputs.empty() && !task_.graph.initializers.contains(input.name)) inputs = {&input};
    }
    if (inputs.empty()) refuse("this graph has no input");
    if (inputs.size() == 1) return *inputs.front();
    std::string names;
    for (const auto* input : inputs) names += (names.empty() ? "" : ", ") + input->name;
    refuse("this graph has " + std::to_string(inputs.size()) + " inputs (" + names +
           "), which is not supported; one picture is");
  }

  /// Whether the first operators to which the order of axes matters take pictures with their
  /// channels last, for they transpose them.
  [[nodiscard]] bool is_transposed(const std::string& input) const {
    constexpr std::array<std::string_view, 7> kPassing{"Cast", "Identity", "Add", "Sub",
                                                       "Mul",  "Div",      "Pad"};
    constexpr std::array<std::string_view, 8> kChannelsFirstOnly{
        "Conv",   "ConvTranspose",      "MaxPool",      "AveragePool",
        "Resize", "BatchNormalization", "SpaceToDepth", "GlobalAveragePool"};
    const OnnxAttribute to_front = OnnxDims{0, 3, 1, 2};
    std::set<std::string> pictures{input};
    bool any = false;
    for (const OnnxNode* node : task_.needed) {
      const bool reads =
          std::any_of(node->inputs.begin(), node->inputs.end(),
                      [&](const std::string& name) { return pictures.contains(name); });
      if (!reads) continue;
      if (is_one_of(node->op, kChannelsFirstOnly)) return false;
      if (is_one_of(node->op, kPassing))
        pictures.insert(node->outputs.begin(), node->outputs.end());
      if (node->op != "Transpose") continue;
      const auto perm = node->attributes.find("perm");
      if (perm == node->attributes.end() || perm->second != to_front) return false;
      any = true;
    }
    return any;
  }

  [[nodiscard]] bool is_read_by(const std::string& input, std::string_view op) const {
    return std::any_of(task_.needed.begin(), task_.needed.end(), [&](const OnnxNode* node) {
      return node->op == op && !node->inputs.empty() && node->inputs.front() == input;
    });
  }

  [[nodiscard]] Layout layout_of(const std::string& name, const OnnxDims& dims) const {
    if (dims.size() == 2) return kVector;
    if (dims.size() == 4) {
      return !is_colour(dims[1]) && is_transposed(name) ? kPictureChannelsLast : kPicture;
    }
    if (dims.size() == 3) {
      const bool alone = is_read_by(name, "Unsqueeze") || dims[0] == 3;
      if (!alone || is_read_by(name, "Conv")) return kSequence;
      return is_colour(dims[2]) && !is_colour(dims[0]) ? kPictureAloneChannelsLast : kPictureAlone;
    }
    refuse("the input '" + name + "' of " + to_string(dims) +
           " is not supported; pictures (NCHW, NHWC, CHW), sequences (NCL) and vectors (NC) are");
  }

  Shape define_picture(const OnnxValueInfo& input) {
    const std::string label = "the input '" + input.name + "'";
    if (!input.is_float && !input.is_byte) refuse(label + " must hold floats or bytes");
    if (!input.dims) refuse(label + " has no shape, which is not supported");
    OnnxDims dims = *input.dims;
    const Layout layout = layout_of(input.name, dims);
    if (layout.has_batch) {
      if (dims[0] < 0) dims[0] = 1;  // an open batch is one picture
      if (dims[0] > 1) {
        warnings_.push_back(label + " is for " + std::to_string(dims[0]) +
                            " pictures; vpinfer takes one at a time");
      }
      builder_.set_batch(dims[0]);
    }
    settle(dims, layout, label);
    const auto extent = [&](std::optional<std::size_t> axis) {
      return axis ? static_cast<int>(dims[*axis]) : 1;
    };
    const Shape shape{extent(layout.rows), extent(layout.cols), extent(layout.channels)};
    add_input(builder_.network(), shape, task_.where);
    if (input.is_byte) builder_.network().normalisation.scale = {1, 1, 1};
    builder_.define(input.name, FeatureMap{0, dims, layout.order, input.is_float});
    return shape;
  }

  /// Open rows and columns become those that --size or the file's metadata says.
  void settle(OnnxDims& dims, const Layout& layout, const std::string& label) {
    std::optional<InputSize> size = task_.options.size;
    if (!layout.rows && size) refuse(label + " is a vector, --size is for pictures");
    const bool open =
        (layout.rows && dims[*layout.rows] < 0) || (layout.cols && dims[*layout.cols] < 0);
    if (open && !size) {
      size = input_size_of(task_.graph.metadata);
      if (!size) refuse(label + " leaves rows or columns open; say which with --size ROWSxCOLUMNS");
      warnings_.push_back(label + " leaves its size open; " + std::to_string(size->rows) + "x" +
                          std::to_string(size->cols) +
                          " by the file's metadata, --size says otherwise");
    }
    const auto settle_axis = [&](std::optional<std::size_t> axis, int wanted) {
      std::int64_t given = axis ? dims[*axis] : 1;
      if (axis && given < 0) given = dims[*axis] = wanted;
      if (task_.options.size && given != wanted) {
        refuse(label + " has " + std::to_string(given) + " rows or columns, --size says " +
               std::to_string(wanted));
      }
    };
    if (size) {
      settle_axis(layout.rows, size->rows);
      settle_axis(layout.cols, size->cols);
    }
    for (const std::int64_t extent : dims) {
      if (extent >= 1 && extent <= 65536) continue;
      refuse(label + " of " + to_string(dims) + " is not possible; its extents are 1 to 65536");
    }
  }

  OnnxBuilder& builder_;
  const OnnxTask& task_;
  std::vector<std::string>& warnings_;
  std::set<std::string> read_;
};

}  // namespace

void define_inputs(OnnxBuilder& builder, const OnnxTask& task, std::vector<std::string>& warnings) {
  Inputs(builder, task, warnings).define();
}

}  // namespace vpinfer
