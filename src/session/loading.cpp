#include "session/loading.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/float_buffer.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

/// Which ranks read their weights themselves, by rank.
using HasCopy = std::vector<bool>;

HasCopy exchange_copies(Channel& channel, bool own) {
  HasCopy has_copy;
  for (const std::string& text : channel.all_gather(own ? "copy" : "none")) {
    has_copy.push_back(text == "copy");
  }
  return has_copy;
}

bool is_serving(const HasCopy& has_copy) {
  return std::find(has_copy.begin(), has_copy.end(), false) != has_copy.end();
}

WeightReader reader_of(const ModelFile& model, int rank) {
  return [&model, rank](int position, const WeightRange& range, std::span<float> weights,
                        std::span<float> biases) {
    model.read_weights(rank, position, range, weights, biases);
  };
}

/// Reads a rank's share beside the model; empty if there is none.
WeightReader share_reader(const fs::path& model, const Job& job, int rank) {
  const fs::path path = share_path(model, rank);
  std::error_code unreadable;  // as good as missing
  if (!job.partitioned || !fs::exists(path, unreadable)) return {};
  const auto share =
      std::make_shared<const ShareFile>(path, job.network, job.plan, rank, job.checksum);
  return
      [share](int position, const WeightRange& range, std::span<float> weights,
              std::span<float> biases) { share->read_weights(position, range, weights, biases); };
}

/// Reads from this host's own files; empty if it has none.
WeightReader local_reader(const fs::path& path, const Job& job, int rank) {
  std::error_code unreadable;
  if (fs::exists(path, unreadable)) {
    const auto model = std::make_shared<const ModelFile>(path);
    if (model->checksum() != job.checksum) {
      throw BadInput(path.string() + ": this host has another model than rank 0 (checksum " +
                     model->checksum() + ", there " + job.checksum + "); copy rank 0's file here");
    }
    if (model->holds_rank(rank)) {
      model->check_rank(rank);
      return [model, reader = reader_of(*model, rank)](
                 int position, const WeightRange& range, std::span<float> weights,
                 std::span<float> biases) { reader(position, range, weights, biases); };
    }
  }
  return share_reader(path, job, rank);
}

WeightReader served_by_rank_0(Channel& channel) {
  return [&channel](int, const WeightRange&, std::span<float> weights, std::span<float> biases) {
    channel.receive(weights, 0);
    channel.receive(biases, 0);
  };
}

/// Rank 0 must have the shares of all ranks that have none themselves.
void check_can_serve(const Channel& channel, const fs::path& path, const ModelFile& model,
                     const HasCopy& has_copy) {
  for (int rank = 0; rank < channel.size(); ++rank) {
    if (has_copy[static_cast<std::size_t>(rank)]) continue;
    if (model.finds_rank(rank)) {
      model.check_rank(rank);
      continue;
    }
    const std::string owner = channel.name(rank);
    throw BadInput(
        share_path(path, rank).string() + ": " +
        (rank == 0 ? owner + " lacks this share; copy it there"
                   : "neither " + owner + " nor rank 0 has this share; copy it to one of them"));
  }
}

/// Sends the slices of one layer to the ranks that have no copy.
void serve_layer(Channel& channel, const Job& job, const ModelFile& model, const HasCopy& has_copy,
                 int position) {
  for (int rank = 1; rank < channel.size(); ++rank) {
    if (has_copy[static_cast<std::size_t>(rank)]) continue;
    for (const WeightRange& range : pieces_to_load(job.distribution(), position, rank)) {
      const WeightShape shape = weight_shape(job.network, position).of(range);
      FloatBuffer slice(shape.numbers());
      const std::span<float> weights = slice.all().first(shape.elements());
      const std::span<float> biases = slice.all().subspan(shape.elements());
      model.read_weights(rank, position, range, weights, biases);
      channel.send(weights, rank);
      channel.send(biases, rank);
    }
  }
}

}  // namespace

Weights load_and_serve_weights(Channel& channel, const Job& job, const ModelFile& model,
                               const fs::path& path, const LayerLoaded& loaded) {
  WeightReader reader;
  if (model.holds_rank(0)) {
    model.check_rank(0);
    reader = reader_of(model, 0);
  } else {
    reader = share_reader(path, job, 0);
  }
  const HasCopy has_copy = exchange_copies(channel, static_cast<bool>(reader));
  check_can_serve(channel, path, model, has_copy);
  Weights weights(job.distribution(), 0);
  for (int position = 0; position < job.network.size(); ++position) {
    weights.load(position, reader);
    serve_layer(channel, job, model, has_copy, position);
    if (is_serving(has_copy)) channel.barrier();
    if (loaded) loaded(position);
  }
  return weights;
}

Weights load_weights(Channel& channel, const Job& job, const fs::path& path) {
  WeightReader reader = local_reader(path, job, channel.rank());
  const HasCopy has_copy = exchange_copies(channel, static_cast<bool>(reader));
  if (!reader) reader = served_by_rank_0(channel);
  Weights weights(job.distribution(), channel.rank());
  for (int position = 0; position < job.network.size(); ++position) {
    weights.load(position, reader);
    // A rank that has read its own copy waits here, a layer at a time, within its deadline.
    if (is_serving(has_copy)) channel.barrier();
  }
  return weights;
}

Weights load_alone(const Job& job, const ModelFile& model, const LayerLoaded& loaded) {
  Weights weights(job.distribution(), 0);
  for (int position = 0; position < job.network.size(); ++position) {
    weights.load(position, reader_of(model, 0));
    loaded(position);
  }
  return weights;
}

}  // namespace vpinfer
