#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vpinfer/box.hpp"
#include "vpinfer/cluster.hpp"
#include "vpinfer/planning.hpp"
#include "vpinfer/prediction.hpp"

namespace vpinfer {

class ModelFile;

/// A tensor that a network gives.
struct ModelOutput {
  int position = 0;  ///< of its layer: by this it is delivered
  std::string name;  ///< that the imported file had for it, or empty
  Shape shape;
};

/// A network with its weights, as `vpinfer import` and `vpinfer partition` write them.  Copies
/// share the open file.
class Model {
 public:
  /// Throws BadInput, one line, if the file is missing, truncated or no model.
  explicit Model(std::filesystem::path path);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const std::string& name() const;
  /// Of the network and its weights: tells two models apart.
  [[nodiscard]] const std::string& checksum() const;
  /// Of a frame, [rows][cols][channels].
  [[nodiscard]] const Shape& input_shape() const;
  /// What a frame results in: the network's outputs, and every head and what feeds one.
  [[nodiscard]] std::vector<ModelOutput> outputs() const;
  /// A name per class, or none.
  [[nodiscard]] const std::vector<std::string>& labels() const;
  /// The plan of a partitioned model, with which alone it can run.
  [[nodiscard]] const std::optional<Plan>& partition() const;

  /// What is inside, for vpinfer's own use.
  [[nodiscard]] const ModelFile& file() const { return *file_; }

 private:
  std::filesystem::path path_;
  std::shared_ptr<const ModelFile> file_;
};

/// Makes a plan with a rank on each host of the cluster, see PlanningOptions.  The same wherever it
/// is called.  Throws BadUsage if there is no host.
[[nodiscard]] Plan make_plan(const Model& model, Strategy strategy, const Cluster& cluster,
                             const PlanningOptions& options = {});

/// A plan from what `to_json` made of it.  Throws BadInput, beginning with `where`, if it is none
/// for this model.
[[nodiscard]] Plan plan_from_json(const std::string& text, const Model& model,
                                  const std::string& where);

/// Without running anything: of a job that delivers these layers beside the outputs.  Throws
/// BadUsage if there is no such layer.
[[nodiscard]] Prediction predict(const Model& model, const Plan& plan, const Cluster& cluster,
                                 const Concurrency& concurrency = {},
                                 const std::vector<int>& deliver = {});

}  // namespace vpinfer
