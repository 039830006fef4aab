#pragma once

#include <string>

#include "net/network.hpp"
#include "program/program.hpp"
#include "vpinfer/cluster.hpp"
#include "vpinfer/prediction.hpp"

namespace vpinfer {

/// A table of a network's layers: number, operation, inputs, output, MFLOP, weights.
[[nodiscard]] std::string describe_layers(const Network& network);

/// One line each: layers, GFLOP, weights, input, labels.
[[nodiscard]] std::string describe_network(const Network& network);

/// How pictures become the input, and which score a detection must have.
[[nodiscard]] std::string describe_preparation(const Network& network);

/// What each rank of a plan holds, predicted, and what moves per frame.
[[nodiscard]] std::string describe_plan(const Network& network, const Plan& plan,
                                        const Prediction& prediction,
                                        const Concurrency& concurrency = {});

/// Of hosts that a plan leaves out, if there are such.
[[nodiscard]] std::string describe_idle_hosts(const Plan& plan, const Cluster& cluster);

/// What the fullest rank of a stream takes, that keeps two frames.
[[nodiscard]] std::string describe_stream(const Distribution& distribution, int threads);

/// What a frame would take, predicted.
[[nodiscard]] std::string describe_times(const Prediction& prediction);

/// Of formats that are not the usual ones, for example `, half on the wire,`.
[[nodiscard]] std::string formats_remark(WireFormat wire, ConvolutionPath conv);

/// How a rank's boxes cut the layers: `13 tiles, 9 channel shares`.
[[nodiscard]] std::string describe_boxes(const Network& network, const Plan& plan, int rank);

}  // namespace vpinfer
