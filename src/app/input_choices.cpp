#include "app/input_choices.hpp"

#include <CLI/CLI.hpp>

#include "app/options_values.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

Resize parse_resize(const std::string& name) {
  if (name == "letterbox") return Resize::kLetterbox;
  if (name == "top-left") return Resize::kTopLeft;
  if (name == "stretch") return Resize::kStretch;
  throw BadUsage("--resize " + name + ": letterbox, top-left and stretch are possible");
}

}  // namespace

InputNormalisation InputChoices::over(InputNormalisation usual) const {
  usual.mean = mean.value_or(usual.mean);
  usual.scale = scale.value_or(usual.scale);
  usual.order = order.value_or(usual.order);
  usual.resize = resize.value_or(usual.resize);
  usual.fill = fill.value_or(usual.fill);
  return usual;
}

void add_input_choices(CLI::App& sub, InputChoices& input) {
  sub.add_option_function<std::vector<float>>(
         "--mean", [&input](const std::vector<float>& v) { input.mean = three(v, "--mean"); },
         "subtracted from the 8-bit channels [0,0,0]")
      ->expected(3)
      ->delimiter(',');
  sub.add_option_function<std::vector<float>>(
         "--scale", [&input](const std::vector<float>& v) { input.scale = three(v, "--scale"); },
         "then multiplied with [1/255 each]")
      ->expected(3)
      ->delimiter(',');
  CLI::Option* bgr = sub.add_flag_callback(
      "--bgr", [&input] { input.order = ChannelOrder::kBgr; }, "channels in the order blue first");
  sub.add_flag_callback(
         "--rgb", [&input] { input.order = ChannelOrder::kRgb; }, "red first [so]")
      ->excludes(bgr);
  sub.add_option_function<std::string>(
      "--resize", [&input](const std::string& name) { input.resize = parse_resize(name); },
      "letterbox: keep the aspect ratio, fill on both sides; top-left: fill below or on the right; "
      "stretch [letterbox]");
  sub.add_flag_callback(
      "--stretch", [&input] { input.resize = Resize::kStretch; }, "the same as --resize stretch");
  sub.add_option("--fill", input.fill, "8-bit value that letterboxes are filled with [127.5]")
      ->check(CLI::Range(0, 255));
}

}  // namespace vpinfer
