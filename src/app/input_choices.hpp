#pragma once

#include "app/options.hpp"

namespace CLI {
class App;
}

namespace vpinfer {

/// Adds the options of how pictures become the input.  They write to `input`, which must live until
/// the command line is parsed.
void add_input_choices(CLI::App& sub, InputChoices& input);

}  // namespace vpinfer
