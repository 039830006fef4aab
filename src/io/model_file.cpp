#include "io/model_file.hpp"

#include <algorithm>
#include <cmath>

#include "base/checksum.hpp"
#include "base/number_format.hpp"
#include "io/hdf5_file.hpp"
#include "plan/distribution.hpp"
#include "plan/plan_json.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kModel = "vpinfer-model";
constexpr std::string_view kPartition = "vpinfer-partition";
constexpr std::string_view kShare = "vpinfer-share";
constexpr std::string_view kSchema = "1";

/// `/layers/3` or `/ranks/2/layers/3`, with Darknet's number of the layer.
std::string layer_group(const std::string& parent, int position) {
  return parent + "/layers/" + std::to_string(Network::number(position));
}

std::string rank_group(int rank) {
  return "/ranks/" + std::to_string(rank);
}

/// The group of a layer and the weights that it stores.
struct StoredSlice {
  std::string group;
  WeightRange range;
};

std::vector<hsize_t> weights_extent(const WeightShape& shape) {
  return {static_cast<hsize_t>(shape.filters), static_cast<hsize_t>(shape.rows),
          static_cast<hsize_t>(shape.cols), static_cast<hsize_t>(shape.channels)};
}

void check_format(const Hdf5Reader& file, std::string_view wanted) {
  const std::optional<std::string> format = file.attribute("format");
  if (!format || !format->starts_with("vpinfer-")) {
    file.refuse("is HDF5, but not made by vpinfer; make a model with 'vpinfer import'");
  }
  if (format != wanted) file.refuse("is a " + *format + ", not a " + std::string(wanted));
  if (const std::string schema = file.attribute("schema").value_or("?"); schema != kSchema) {
    file.refuse("has schema " + schema + ", this vpinfer reads schema " + std::string(kSchema));
  }
}

std::string require_attribute(const Hdf5Reader& file, const std::string& name) {
  const std::optional<std::string> value = file.attribute(name);
  if (!value) file.refuse("the attribute '" + name + "' is missing; make the file again");
  return *value;
}

/// Some of the weights of one stored slice -> fp32.
void read_slice(const Hdf5Reader& file, const StoredSlice& stored, const WeightShape& shape,
                const WeightRange& range, std::span<float> weights, std::span<float> biases) {
  const std::vector<hsize_t> extent = weights_extent(shape.of(stored.range));
  const auto check = [&file](const std::string& name, const std::vector<hsize_t>& wanted) {
    if (file.extent(name) != wanted) {
      file.refuse("the dataset " + name +
                  " has another extent than its layer; make the file again");
    }
  };
  check(stored.group + "/weights", extent);
  check(stored.group + "/biases", {extent.front()});
  const auto first = static_cast<hsize_t>(range.filters.begin - stored.range.filters.begin);
  const auto first_channel =
      static_cast<hsize_t>(range.channels.begin - stored.range.channels.begin);
  file.read(stored.group + "/weights", {first, 0, 0, first_channel},
            weights_extent(shape.of(range)), weights);
  file.read(stored.group + "/biases", {first}, {biases.size()}, biases);
}

/// Puts weights that are `part` of a layer's into the place of those that are `range`.
void copy_weights(const WeightShape& shape, const WeightRange& part,
                  const std::vector<float>& source, const WeightRange& range,
                  std::span<float> target) {
  const auto count = static_cast<std::size_t>(part.channels.size());
  const auto stride = static_cast<std::size_t>(range.channels.size());
  const std::size_t taps = shape.of(part).elements() / count;
  const std::size_t first_tap = static_cast<std::size_t>(part.filters.begin - range.filters.begin) *
                                static_cast<std::size_t>(shape.rows * shape.cols);
  const auto first_channel = static_cast<std::size_t>(part.channels.begin - range.channels.begin);
  for (std::size_t tap = 0; tap < taps; ++tap) {
    std::copy_n(source.data() + tap * count, count,
                target.data() + (first_tap + tap) * stride + first_channel);
  }
}

/// What a network was made of and which of its layers, for messages.
std::string describe_layer(const Network& network, int position) {
  const std::string& name = network.layer(position).name;
  return network.origin + ": " + Network::label(position) + (name.empty() ? "" : " '" + name + "'");
}

void check_finite(const std::string& where, const std::vector<float>& numbers) {
  if (std::all_of(numbers.begin(), numbers.end(), [](float v) { return std::isfinite(v); })) return;
  throw BadInput(where +
                 ": a weight or bias is no finite number; was the file damaged, or the "
                 "training?");
}

void write_halves(Hdf5Writer& file, const std::string& dataset, const std::vector<hsize_t>& extent,
                  const std::vector<float>& weights, const std::string& where) {
  std::vector<HalfBits> halves(weights.size());
  std::transform(weights.begin(), weights.end(), halves.begin(), float_to_half);
  if (std::any_of(halves.begin(), halves.end(),
                  [](HalfBits h) { return !std::isfinite(half_to_float(h)); })) {
    throw BadInput(where + ": a weight is too large for half precision; import without --half");
  }
  file.halves(dataset, extent, halves);
}

/// Writes one slice in the network's precision.
void write_slice(Hdf5Writer& file, const std::string& parent, const Network& network, int position,
                 const WeightRange& range, const LayerWeights& numbers) {
  const std::string group = layer_group(parent, position);
  const std::string where = describe_layer(network, position);
  const std::vector<hsize_t> extent = weights_extent(weight_shape(network, position).of(range));
  check_finite(where, numbers.weights);
  check_finite(where, numbers.biases);
  const std::string dataset = group + "/weights";
  switch (network.precision) {
    case NumberFormat::kFloat: file.floats(dataset, extent, numbers.weights); break;
    case NumberFormat::kHalf: write_halves(file, dataset, extent, numbers.weights, where); break;
  }
  file.floats(group + "/biases", {extent.front()}, numbers.biases);
}

void write_header(Hdf5Writer& file, std::string_view format, const std::string& checksum) {
  file.attribute("format", format);
  file.attribute("schema", kSchema);
  file.attribute("checksum", checksum);
}

std::string plan_checksum(const Plan& plan) {
  Checksum checksum;
  const std::string text = to_json(with_usual_formats(plan));
  checksum.add(std::as_bytes(std::span(text)));
  return checksum.text();
}

/// Whether the share at `group`, the root or a link to another file's, is the wanted one.
void check_share(const Hdf5Reader& file, const std::string& group, const std::string& name,
                 const Plan& plan, int rank, const std::string& model_checksum) {
  const auto check = [&](const std::string& attribute, const std::string& what,
                         const std::string& wanted) {
    const std::string found = file.attribute(attribute, group).value_or("none");
    if (found == wanted) return;
    throw BadInput(name + ": belongs to another " + what + " (" + found + ") than wanted here (" +
                   wanted + "); copy the right share or partition again");
  };
  check("format", "kind of file", std::string(kShare));
  check("checksum", "model", model_checksum);
  check("plan", "plan", plan_checksum(plan));
  check("rank", "rank", std::to_string(rank));
}

NumberFormat read_precision(const Hdf5Reader& file) {
  const std::string name = require_attribute(file, "precision");
  if (const auto precision = stored_format(name)) return *precision;
  file.refuse("stores weights as " + name + "; this vpinfer reads float32 and float16");
}

}  // namespace

struct ModelFile::Content {
  explicit Content(const fs::path& path) : file(path) {}

  /// All places that store weights of a layer, those of `rank` first.
  [[nodiscard]] std::vector<StoredSlice> slices(int rank, int position) const {
    if (!plan) return {{layer_group("", position), weight_shape(network, position).range()}};
    std::vector<StoredSlice> slices;
    for (int i = 0; i < plan->ranks; ++i) {
      const int owner = (rank + i) % plan->ranks;
      const WeightRange range = Distribution(network, *plan).weights(position, owner);
      if (!range.empty()) slices.push_back({layer_group(rank_group(owner), position), range});
    }
    return slices;
  }

  Hdf5Reader file;
  Network network;
  std::string checksum;
  std::optional<Plan> plan;
};

ModelFile::ModelFile(const fs::path& path) : content_(std::make_unique<Content>(path)) {
  Hdf5Reader& file = content_->file;
  const bool partitioned = file.attribute("format") == kPartition;
  check_format(file, partitioned ? kPartition : kModel);
  content_->checksum = require_attribute(file, "checksum");
  content_->network = network_from_json(file.text("/network"), file.name());
  content_->network.precision = read_precision(file);
  if (partitioned) {
    content_->plan = plan_from_json(file.text("/plan"), content_->network, file.name());
  }
}

ModelFile::ModelFile(ModelFile&&) noexcept = default;
ModelFile::~ModelFile() = default;

const Network& ModelFile::network() const {
  return content_->network;
}
const std::string& ModelFile::checksum() const {
  return content_->checksum;
}
const std::optional<Plan>& ModelFile::partition() const {
  return content_->plan;
}

bool ModelFile::holds_rank(int rank) const {
  return !content_->plan || content_->file.has(rank_group(rank));
}

bool ModelFile::finds_rank(int rank) const {
  std::error_code unreadable;
  return holds_rank(rank) || fs::exists(share_path(content_->file.name(), rank), unreadable);
}

void ModelFile::check_rank(int rank) const {
  if (!content_->plan) return;
  const std::string group = rank_group(rank);
  const std::string share = share_path(content_->file.name(), rank).string();
  if (!holds_rank(rank)) {
    const Hdf5Reader unlinked(share);  // says it if the file is missing or damaged
    unlinked.refuse("the partition knows this share by another name; rename both back");
  }
  // A rank's group in the partition's own file has no attributes: it cannot be another's.
  if (content_->file.attribute("format", group)) {
    check_share(content_->file, group, share, *content_->plan, rank, content_->checksum);
  }
}

void ModelFile::read_weights(int rank, int position, const WeightRange& range,
                             std::span<float> weights, std::span<float> biases) const {
  const WeightShape shape = weight_shape(content_->network, position);
  const std::vector<StoredSlice> slices = content_->slices(rank, position);
  for (const StoredSlice& slice : slices) {
    if (slice.range.contains(range)) {
      read_slice(content_->file, slice, shape, range, weights, biases);
      return;
    }
  }
  // Weights that lie in several slices are put together; where slices overlap, twice.
  for (const StoredSlice& slice : slices) {
    const WeightRange part{intersect(range.filters, slice.range.filters),
                           intersect(range.channels, slice.range.channels)};
    if (part.filters.empty()) continue;
    std::vector<float> piece(shape.of(part).elements());
    read_slice(content_->file, slice, shape, part, piece,
               biases.subspan(static_cast<std::size_t>(part.filters.begin - range.filters.begin),
                              static_cast<std::size_t>(part.filters.size())));
    if (!piece.empty()) copy_weights(shape, part, piece, range, weights);
  }
}

struct ShareFile::Content {
  Content(const fs::path& path, const Network& its_network, const Plan& its_plan, int its_rank)
      : file(path), network(its_network), plan(its_plan), rank(its_rank) {}

  Hdf5Reader file;
  const Network& network;
  const Plan& plan;
  int rank;
};

ShareFile::ShareFile(const fs::path& path, const Network& network, const Plan& plan, int rank,
                     const std::string& model_checksum)
    : content_(std::make_unique<Content>(path, network, plan, rank)) {
  check_format(content_->file, kShare);
  check_share(content_->file, "/", path.string(), plan, rank, model_checksum);
}

ShareFile::ShareFile(ShareFile&&) noexcept = default;
ShareFile::~ShareFile() = default;

void ShareFile::read_weights(int position, const WeightRange& range, std::span<float> weights,
                             std::span<float> biases) const {
  const StoredSlice stored{
      layer_group("", position),
      Distribution(content_->network, content_->plan).weights(position, content_->rank)};
  read_slice(content_->file, stored, weight_shape(content_->network, position), range, weights,
             biases);
}

fs::path share_path(const fs::path& partition, int rank) {
  fs::path path = partition;
  path.replace_extension(".rank" + std::to_string(rank) + partition.extension().string());
  return path;
}

void write_model(const fs::path& path, const Network& network, const LayerReader& layers) {
  Hdf5Writer file(path);
  Checksum checksum;
  const std::string description = to_json(network);
  checksum.add(std::as_bytes(std::span(description)));
  checksum.add(std::as_bytes(std::span(stored_name(network.precision))));
  for (int position = 0; position < network.size(); ++position) {
    const WeightShape shape = weight_shape(network, position);
    if (shape.filters == 0) continue;
    const LayerWeights numbers = layers(position);
    checksum.add(std::as_bytes(std::span(numbers.weights)));
    checksum.add(std::as_bytes(std::span(numbers.biases)));
    write_slice(file, "", network, position, shape.range(), numbers);
  }
  file.text("/network", description);
  write_header(file, kModel, checksum.text());
  file.attribute("precision", stored_name(network.precision));
  file.finish();
}

void write_partition(const fs::path& path, const ModelFile& model, const Plan& plan,
                     PartitionFiles files) {
  const Network& network = model.network();
  const auto write_rank = [&](Hdf5Writer& file, const std::string& parent, int rank) {
    for (int position = 0; position < network.size(); ++position) {
      const WeightRange range = Distribution(network, plan).weights(position, rank);
      if (range.empty()) continue;
      LayerWeights slice{std::vector<float>(weight_shape(network, position).of(range).elements()),
                         std::vector<float>(static_cast<std::size_t>(range.filters.size()))};
      model.read_weights(rank, position, range, slice.weights, slice.biases);
      write_slice(file, parent, network, position, range, slice);
    }
  };

  Hdf5Writer master(path);
  write_header(master, kPartition, model.checksum());
  master.attribute("precision", stored_name(network.precision));
  master.text("/network", to_json(network));
  master.text("/plan", to_json(plan));
  std::vector<Hdf5Writer> shares;  // none takes its place before all are written
  for (int rank = 0; rank < plan.ranks; ++rank) {
    if (files == PartitionFiles::kOne) {
      master.group(rank_group(rank));
      write_rank(master, rank_group(rank), rank);
      continue;
    }
    const fs::path share = share_path(path, rank);
    Hdf5Writer& file = shares.emplace_back(share);
    write_header(file, kShare, model.checksum());
    file.attribute("rank", std::to_string(rank));
    file.attribute("plan", plan_checksum(plan));
    write_rank(file, "", rank);
    master.link_to_file(rank_group(rank), share.filename().string());
  }
  for (Hdf5Writer& share : shares) share.finish();
  master.finish();
}

}  // namespace vpinfer
