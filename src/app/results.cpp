#include "app/results.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>

#include "base/units.hpp"
#include "io/file.hpp"
#include "io/tensor_file.hpp"
#include "report/table.hpp"
#include "vision/annotate.hpp"
#include "vision/changes.hpp"
#include "vision/detection.hpp"
#include "vision/heads.hpp"
#include "vision/instance_masks.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

constexpr int kClassesShown = 5;
constexpr float kUsualThreshold = 0.5F;

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string detections_table(const std::vector<Detection>& detections,
                             const std::vector<std::string>& labels) {
  Table table({{"class", Align::kLeft}, {"score"}, {"left"}, {"top"}, {"width"}, {"height"}});
  for (const Detection& d : detections) {
    table.add({class_name(labels, d.class_index), fixed(d.score, 3), fixed(d.left, 1),
               fixed(d.top, 1), fixed(d.width, 1), fixed(d.height, 1)});
  }
  return table.text();
}

std::string classes_table(const std::vector<Classification>& classes,
                          const std::vector<std::string>& labels) {
  Table table({{"class", Align::kLeft}, {"score"}});
  for (const Classification& c : classes) {
    table.add({class_name(labels, c.class_index), fixed(c.score, 3)});
  }
  return table.text();
}

std::string output_line(const Network& network, int position, const std::vector<float>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return "layer " + std::to_string(Network::number(position)) + ": " +
         to_string(network.layer(position).output) + " values from " + fixed(*low, 4) + " to " +
         fixed(*high, 4) + "\n";
}

/// What the imported file calls an output; may be empty.
std::string output_name(const Network& network, int position) {
  for (const NetworkOutput& output : network.outputs) {
    if (output.position == position) return output.name;
  }
  return network.layer(position).name;
}

void make_output_folder(const RunOptions& options) {
  std::error_code error;
  fs::create_directories(options.output, error);
  if (error || !fs::is_directory(options.output, error)) {
    throw BadInput("cannot make the folder " + options.output.string() + ": " +
                   (error ? error.message() : "there is a file of that name"));
  }
  if (options.input.empty() || options.reads_standard_input()) return;
  const fs::path source = fs::is_directory(options.input, error)
                              ? options.input
                              : fs::absolute(options.input).parent_path();
  if (fs::equivalent(source, options.output, error)) {
    throw BadUsage("--output must not be the folder of the input pictures, they would be replaced");
  }
}

}  // namespace

Results::Results(const RunOptions& options, const Network& network)
    : options_(options),
      network_(network),
      meaning_(interpret(network, options.model.string())),
      labels_(meaning_.detects() ? display_labels(network.labels, meaning_.classes)
                                 : network.labels),
      threshold_(options.threshold.value_or(network.threshold.value_or(kUsualThreshold))),
      pictures_(options.output),
      depictions_(options.output, network) {
  if (!options.output.empty()) make_output_folder(options);
}

std::optional<std::string> Results::fault(const Delivered& outputs) const {
  for (const int position : result_layers(network_)) {
    const std::vector<float>& values = outputs.at(position);
    const auto bad = std::count_if(values.begin(), values.end(),
                                   [](float value) { return !std::isfinite(value); });
    if (bad == 0) continue;
    return Network::label(position) + " (" +
           std::string(operation_name(network_.layer(position).operation)) + ") gave " +
           std::to_string(bad) + " of " + std::to_string(values.size()) +
           " values that are NaN or infinite; are weights damaged, or does the input hold such? "
           "--dump-output with --dump-layers all shows where they begin";
  }
  return std::nullopt;
}

void Results::add(const Frame& frame, const Delivered& outputs) {
  if (meaning_.classifier) {
    add_classifications(frame, outputs);
  } else if (shows_objects(frame)) {
    add_detections(frame, outputs);
  } else if (shows_depictions(frame)) {
    depictions_.add(frame, outputs);
  } else {
    std::cout << printable(frame.name) << ": " << counted(outputs.size(), "tensor") << '\n';
    for (const auto& [position, values] : outputs) {
      std::cout << output_line(network_, position, values);
    }
  }
  std::cout << std::flush;  // the next frame may come from a slow camera
}

/// Whether it is a picture that a detector looks at.
bool Results::shows_objects(const Frame& frame) const {
  return meaning_.detects() && !frame.picture.rgb.empty();
}

/// Whether it is a picture that outputs depict.
bool Results::shows_depictions(const Frame& frame) const {
  return meaning_.has_depictions && !frame.picture.rgb.empty();
}

std::vector<Detection> Results::detect(const Picture& picture, const Delivered& outputs) const {
  const PictureFrame frame(network_.normalisation.resize, picture.rows, picture.cols,
                           network_.input_shape());
  std::vector<Detection> detections;
  for (const int head : meaning_.heads) {
    const Layer& layer = network_.layer(head);
    const std::vector<float>& output = outputs.at(head);
    const std::vector<Detection> found =
        decode(layer.operation, output, layer.output, frame, threshold_);
    detections.insert(detections.end(), found.begin(), found.end());
  }
  if (detections.size() > kMostCandidates) {
    std::cerr << "warning: " << detections.size() << " candidates, the best " << kMostCandidates
              << " are looked at; a higher --threshold leaves fewer\n";
  }
  // The last head's rule counts, as in Darknet's forks.
  detections = non_maximum_suppression(
      std::move(detections),
      overlap_rule(network_.layer(meaning_.heads.back()).operation, options_.nms,
                   static_cast<float>(picture.rows), static_cast<float>(picture.cols)));
  if (meaning_.prototypes) {
    const Depiction& prototypes = *meaning_.prototypes;
    const MapOverPicture over(network_.normalisation.resize, picture.rows, picture.cols,
                              network_.input_shape(), prototypes.map);
    make_masks(detections, {outputs.at(prototypes.position), prototypes.map}, over, picture);
  }
  return detections;
}

void Results::add_detections(const Frame& frame, const Delivered& outputs) {
  std::vector<Detection> detections = detect(frame.picture, outputs);
  std::cout << printable(frame.name) << ": " << counted(detections.size(), "object") << '\n';
  if (!detections.empty()) std::cout << detections_table(detections, labels_);
  draw(frame, detections);
  detected_.push_back({frame.name, std::move(detections)});
}

std::vector<Classification> Results::classify(const Delivered& outputs) const {
  const Classifier& classifier = *meaning_.classifier;
  return vpinfer::classify(outputs.at(classifier.position),
                           network_.layer(classifier.position).output, classifier.tree,
                           kClassesShown);
}

void Results::add_classifications(const Frame& frame, const Delivered& outputs) {
  std::vector<Classification> classes = classify(outputs);
  const Classification& best = classes.front();
  std::cout << printable(frame.name) << ": " << class_name(labels_, best.class_index) << ' '
            << fixed(best.score, 3) << '\n'
            << classes_table(classes, labels_);
  classified_.push_back({frame.name, std::move(classes)});
}

void Results::draw(const Frame& frame, const std::vector<Detection>& detections) {
  if (options_.output.empty()) return;
  write_jpeg(pictures_.path_for(frame.name, ".jpg"), annotate(frame.picture, detections, labels_));
}

void Results::compare(const Frame& frame, const Delivered& reference, const Delivered& outputs,
                      FindingChanges& changes) const {
  if (meaning_.classifier) {
    if (!changes.classes) changes.classes.emplace();
    add_changes(classify(reference), classify(outputs), *changes.classes);
  } else if (shows_objects(frame)) {
    if (!changes.detections) changes.detections.emplace();
    add_changes(detect(frame.picture, reference), detect(frame.picture, outputs),
                *changes.detections);
  } else if (shows_depictions(frame)) {
    depictions_.compare(frame, reference, outputs, changes);
  }
}

void Results::finish() const {
  if (options_.output.empty() || meaning_.gives_tensors_only()) return;
  const Findings found = findings();
  if (meaning_.detects()) {
    write_file_atomically(options_.output / "detections.json", found.detections);
  } else if (meaning_.has_depictions) {
    depictions_.finish();
  } else {
    write_file_atomically(options_.output / "classifications.json", found.classifications);
  }
}

Findings Results::findings() const {
  Findings found = depictions_.findings();
  found.detections = coco_results_json(detected_, labels_, meaning_.classes);
  found.classifications = classifications_json(classified_, labels_);
  return found;
}

void dump_outputs(const fs::path& path, const Network& network, const DumpLayers& layers,
                  const Delivered& outputs) {
  TensorFileWriter file(path);
  const std::vector<int> results = result_layers(network);
  for (const auto& [position, values] : outputs) {
    const int number = Network::number(position);
    const Shape& shape = network.layer(position).output;
    const bool asked = layers.all || std::find(layers.numbers.begin(), layers.numbers.end(),
                                               number) != layers.numbers.end();
    if (std::binary_search(results.begin(), results.end(), position)) {
      file.write("/output/" + std::to_string(number), shape, values,
                 output_name(network, position));
    }
    if (asked) file.write("/layers/" + std::to_string(number), shape, values);
  }
  file.finish();
}

}  // namespace vpinfer
