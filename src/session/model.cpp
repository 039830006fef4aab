#include "vpinfer/model.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/model_file.hpp"
#include "plan/plan_json.hpp"
#include "search/planner.hpp"
#include "search/prediction.hpp"
#include "session/job.hpp"

namespace vpinfer {

Model::Model(std::filesystem::path path)
    : path_(std::move(path)), file_(std::make_shared<const ModelFile>(path_)) {}

const std::string& Model::name() const {
  return file_->network().name;
}

const std::string& Model::checksum() const {
  return file_->checksum();
}

const Shape& Model::input_shape() const {
  return file_->network().input_shape();
}

std::vector<ModelOutput> Model::outputs() const {
  const Network& network = file_->network();
  std::vector<ModelOutput> all;
  for (const int position : result_layers(network)) {
    all.push_back({position, "", network.layer(position).output});
    for (const NetworkOutput& output : network.outputs) {
      if (output.position == position) all.back().name = output.name;
    }
  }
  return all;
}

const std::vector<std::string>& Model::labels() const {
  return file_->network().labels;
}

const std::optional<Plan>& Model::partition() const {
  return file_->partition();
}

Plan make_plan(const Model& model, Strategy strategy, const Cluster& cluster,
               const PlanningOptions& options) {
  return make_plan(model.file().network(), strategy, cluster, options);
}

Plan plan_from_json(const std::string& text, const Model& model, const std::string& where) {
  return plan_from_json(text, model.file().network(), where);
}

Prediction predict(const Model& model, const Plan& plan, const Cluster& cluster,
                   const Concurrency& concurrency, const std::vector<int>& deliver) {
  const Network& network = model.file().network();
  return predict({network, plan}, delivery_of(network, deliver), cluster, concurrency);
}

}  // namespace vpinfer
