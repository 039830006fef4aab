#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "net/network.hpp"
#include "vpinfer/plan.hpp"

namespace vpinfer {

// The HDF5 schema.  A model:
//
//     /            attributes: format = "vpinfer-model", schema, checksum, precision
//     /network     the network as JSON text
//     /layers/<number>/weights  [filters][rows][cols][channels per group], float32 or float16
//     /layers/<number>/biases   [filters], float32
//
// A partitioned model (format = "vpinfer-partition") has the plan as /plan and, instead of /layers,
// for each rank /ranks/<rank>/layers/<number>/... with that rank's weights only.  With split files
// /ranks/<rank> links to the root of a file of its own (format = "vpinfer-share", with the rank and
// the plan's checksum as attributes), which is all that one device has to store.

/// An open model, whole or partitioned.  Numbers come out as fp32, whatever is stored.
class ModelFile {
 public:
  /// Throws BadInput, one line, if the file is missing, truncated, no HDF5, not ours or damaged.
  explicit ModelFile(const std::filesystem::path& path);
  ModelFile(ModelFile&&) noexcept;
  ~ModelFile();

  [[nodiscard]] const Network& network() const;
  /// Of the network and all numbers at the time of the import; partitions inherit it.
  [[nodiscard]] const std::string& checksum() const;
  /// The plan of a partitioned model.
  [[nodiscard]] const std::optional<Plan>& partition() const;
  /// Whether the weights of a rank can be read here: false if its split file is elsewhere or
  /// damaged.
  [[nodiscard]] bool holds_rank(int rank) const;
  /// Whether there is anything of a rank here, good or damaged.
  [[nodiscard]] bool finds_rank(int rank) const;
  /// Throws BadInput unless the weights of a rank are here and belong to this partition.
  void check_rank(int rank) const;
  /// Reads some weights of the layer at `position`, just these; a partitioned model takes them from
  /// the group of `rank` as far as that has them.  Shapes as in WeightSlice.
  void read_weights(int rank, int position, const WeightRange& range, std::span<float> weights,
                    std::span<float> biases) const;

 private:
  struct Content;
  std::unique_ptr<Content> content_;
};

/// One rank's file of a partition with split files.
class ShareFile {
 public:
  /// Throws BadInput as ModelFile does, or if it is not this rank's share of this model and plan.
  ShareFile(const std::filesystem::path& path, const Network& network, const Plan& plan, int rank,
            const std::string& model_checksum);
  ShareFile(ShareFile&&) noexcept;
  ~ShareFile();

  void read_weights(int position, const WeightRange& range, std::span<float> weights,
                    std::span<float> biases) const;

 private:
  struct Content;
  std::unique_ptr<Content> content_;
};

/// Where the share of a rank lies beside the partition: `M-8.h5` -> `M-8.rank3.h5`.
[[nodiscard]] std::filesystem::path share_path(const std::filesystem::path& partition, int rank);

/// Gives the numbers of the layer at a position; called once per layer that has some, in order.
using LayerReader = std::function<LayerWeights(int position)>;

/// Writes a model in the network's precision, whole or not at all.
void write_model(const std::filesystem::path& path, const Network& network,
                 const LayerReader& layers);

enum class PartitionFiles { kOne, kOnePerRank };

/// Writes the model cut into the shares of a plan.  Holds one slice of one layer at a time.
void write_partition(const std::filesystem::path& path, const ModelFile& model, const Plan& plan,
                     PartitionFiles files);

}  // namespace vpinfer
