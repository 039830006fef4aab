#include "program/program.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "search/planner.hpp"
#include "support/every_plan.hpp"
#include "support/program_simulator.hpp"
#include "support/random_network.hpp"

namespace vpinfer {
namespace {

std::vector<Program> programs_of(const Network& network, const Plan& plan,
                                 const Delivery& delivery) {
  std::vector<Program> programs;
  for (int rank = 0; rank < plan.ranks; ++rank) {
    programs.push_back(make_program({network, plan}, delivery, rank));
  }
  return programs;
}

std::size_t step_index(const Program& program, const Step& step) {
  return static_cast<std::size_t>(std::find(program.steps.begin(), program.steps.end(), step) -
                                  program.steps.begin());
}

void check_programs_run(const Network& network, const Plan& plan, const Delivery& delivery) {
  for (int rank = 0; rank < plan.ranks; ++rank) {
    SCOPED_TRACE("rank " + std::to_string(rank));
    const Program program = make_program({network, plan}, delivery, rank);
    ProgramSimulator simulator({network, plan}, delivery, rank, program);
    simulator.run();
    if (testing::Test::HasFailure()) return;
    simulator.run();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Program, ReadsOnlyWhatIsThereAndComputesEachElementOnce) {
  for_every_plan({0, 60}, [](const Network& network, const Plan& plan) {
    check_programs_run(network, plan, result_layers(network));
  });
}

TEST(Program, DeliversEveryLayer) {
  for_every_plan({60, 90}, [](const Network& network, const Plan& plan) {
    check_programs_run(network, plan, all_layers(network));
  });
}

TEST(Program, DeliversNothingIfAskedForNothing) {
  for_every_plan({90, 100}, [](const Network& network, const Plan& plan) {
    check_programs_run(network, plan, {});
  });
}

TEST(Program, StorageHoldsWhatIsOwnedAndNeeded) {
  for_every_plan({0, 30}, [](const Network& network, const Plan& plan) {
    const Delivery delivery = result_layers(network);
    for (int rank = 0; rank < plan.ranks; ++rank) {
      const Program program = make_program({network, plan}, delivery, rank);
      for (int position = 0; position < network.size(); ++position) {
        const Tensor& tensor = program.tensor(position);
        EXPECT_TRUE(tensor.written.box.contains(plan.owned(position, rank)));
        for (const Box& box : Demand(network, delivery).needed({network, plan}, position, rank)) {
          EXPECT_TRUE(tensor.read.box.contains(box));
        }
        EXPECT_TRUE(whole(network.layer(position).output).contains(tensor.read.box));
        EXPECT_TRUE(whole(network.layer(position).output).contains(tensor.written.box));
        if (step_index(program, step::Keep{position}) < program.steps.size()) continue;  // apart
        EXPECT_EQ(tensor.read.box, tensor.written.box);
        EXPECT_EQ(tensor.read.offset, tensor.written.offset);
      }
    }
  });
}

/// Both ends of every message expect the same boxes in the same order.
TEST(Program, MessagesHaveTwoEnds) {
  for_every_plan({0, 30}, [](const Network& network, const Plan& plan) {
    const std::vector<Program> programs = programs_of(network, plan, result_layers(network));
    const int tensors = static_cast<int>(programs.front().tensors.size());
    const auto sums = std::count_if(plan.layers.begin(), plan.layers.end(),
                                    [](const LayerPlan& layer) { return layer.divides_sums(); });
    EXPECT_EQ(tensors, network.size() + static_cast<int>(sums));
    for (int index = 0; index < tensors; ++index) {
      std::size_t sent = 0;
      std::size_t received = 0;
      for (int rank = 0; rank < plan.ranks; ++rank) {
        const Program& program = programs[static_cast<std::size_t>(rank)];
        std::set<int> peers;
        for (const PlacedMessage& send : program.tensor(index).sends) {
          EXPECT_TRUE(peers.insert(send.peer).second) << "two messages to one rank";
          const Program& peer = programs[static_cast<std::size_t>(send.peer)];
          const std::vector<PlacedMessage>& receives = peer.tensor(index).receives;
          const auto other = std::find_if(receives.begin(), receives.end(),
                                          [&](const PlacedMessage& m) { return m.peer == rank; });
          ASSERT_NE(other, receives.end());
          EXPECT_EQ(other->boxes, send.boxes);
          EXPECT_EQ(other->bytes, send.bytes);
          EXPECT_GT(send.bytes, 0U);
        }
        sent += program.tensor(index).sends.size();
        received += program.tensor(index).receives.size();
      }
      EXPECT_EQ(sent, received);
    }
  });
}

TEST(Program, HalvesTakeHalfTheRoom) {
  for_every_plan({0, 10}, [](const Network& network, const Plan& plan) {
    for (const Program& program :
         programs_of(network, with_wire(plan, WireFormat::kHalf), all_layers(network))) {
      for (const Tensor& tensor : program.tensors) {
        for (const PlacedMessage& message : tensor.sends) {
          std::size_t elements = 0;
          for (const Box& box : message.boxes) elements += box.elements();
          EXPECT_EQ(message.bytes, 2 * elements);
          EXPECT_NE(message.staging, Staging::kInPlace);
        }
      }
    }
  });
}

/// One global order of layers is what keeps ranks from waiting in a circle: a rank posts the
/// receives of a layer before it computes or awaits anything of that layer or later ones; those of
/// an output with divided sums before it lets its partial sums go, without which nobody has it.
TEST(Program, PostsReceivesBeforeItWorksOnTheLayer) {
  for_every_plan({0, 30}, [](const Network& network, const Plan& plan) {
    for (const Program& program : programs_of(network, plan, result_layers(network))) {
      for (std::size_t index = 0; index < program.tensors.size(); ++index) {
        const Tensor& tensor = program.tensors[index];
        if (tensor.receives.empty()) continue;
        const std::size_t posted = step_index(program, step::PostReceives{static_cast<int>(index)});
        ASSERT_LT(posted, program.steps.size());
        for (std::size_t i = 0; i < posted; ++i) {
          const Step& step = program.steps[i];
          const int position = program.tensor(tensor_of(step)).position;
          if (position < tensor.position) continue;
          EXPECT_EQ(position, tensor.position);
          EXPECT_TRUE(program.tensor(tensor_of(step)).is_partial && !tensor.is_partial);
          EXPECT_TRUE(std::holds_alternative<step::PostReceives>(step) ||
                      std::holds_alternative<step::Compute>(step));
        }
      }
    }
  });
}

/// The program of the second of two ranks that own the upper and the lower half of two convolutions
/// of `rows` x 8 pixels and so many channels.
Program program_of_lower_half(int rows, int channels) {
  Network network;
  network.layers.push_back({Input{}, {}, {rows, 8, 1}});
  const Window window{3, 1, 1, 1};
  const Convolution conv{channels, 1, window, window, Activation::kRelu};
  add_layer(network, conv, {0}, "test");
  add_layer(network, conv, {1}, "test");
  const Box all = whole({rows, 8, channels});
  const Layout halves{{{0, rows / 2}, all.cols, all.channels},
                      {{rows / 2, rows}, all.cols, all.channels}};
  const Plan plan{Strategy::kData, 2, {{{whole({rows, 8, 1}), {}}}, {halves}, {halves}}};
  return make_program({network, plan}, {2}, 1);
}

bool computes(const Step& step, int tensor, const Box& box) {
  const auto* compute = std::get_if<step::Compute>(&step);
  return compute != nullptr && compute->tensor == tensor && compute->computation.box == box;
}

TEST(Program, ComputesTheInteriorBeforeItWaits) {
  const Program program = program_of_lower_half(200, 2);
  const auto interior =
      std::find_if(program.steps.begin(), program.steps.end(), [](const Step& step) {
        return computes(step, 2, {{101, 200}, {0, 8}, {0, 2}});
      });
  ASSERT_NE(interior, program.steps.end());
  EXPECT_LT(static_cast<std::size_t>(interior - program.steps.begin()),
            step_index(program, step::AwaitReceives{1}));
}

TEST(Program, DoesNotDivideAFewPixelsOfManyWeights) {
  const Program program = program_of_lower_half(16, 256);
  EXPECT_EQ(std::count_if(program.steps.begin(), program.steps.end(),
                          [](const Step& step) {
                            return computes(step, 2, {{8, 16}, {0, 8}, {0, 256}});
                          }),
            1);
}

TEST(PredictMemory, CountsThreads) {
  Network network;
  add_input(network, {64, 64, 8}, "test");
  const Window window{3, 1, 1, 1};
  add_layer(network, Convolution{32, 1, window, window}, {0}, "test");
  const Plan plan = make_plan(network, Strategy::kSingle, 1);
  const RankMemory one = predict_memory({network, plan}, {1}).front();
  const RankMemory two = predict_memory({network, plan}, {1}, {.threads = 2}).front();
  EXPECT_EQ(two.workspace, 2 * one.workspace);
  EXPECT_GT(two.library, one.library);
  EXPECT_EQ(two.activations, one.activations);
}

TEST(PredictMemory, CountsWhatIsDelivered) {
  Network network;
  add_input(network, {8, 8, 2}, "test");
  add_layer(network, Convolution{16, 1, {}, {}}, {0}, "test");
  const Plan plan = make_plan(network, Strategy::kData, 2);
  for (const int lanes : {1, 2, 3}) {
    const auto memory = predict_memory({network, plan}, {1}, {.lanes = lanes});
    const auto frames = static_cast<std::size_t>(std::min(lanes, 2));
    EXPECT_EQ(memory.front().results, frames * 8 * 8 * 16 * sizeof(float));
    EXPECT_EQ(memory.back().results, 0U);
  }
}

TEST(PredictMemory, IsThatOfThePrograms) {
  for_every_plan({0, 30}, [](const Network& network, const Plan& plan) {
    const Delivery delivery = result_layers(network);
    const std::vector<RankMemory> predicted = predict_memory({network, plan}, delivery);
    ASSERT_EQ(predicted.size(), static_cast<std::size_t>(plan.ranks));
    for (int rank = 0; rank < plan.ranks; ++rank) {
      const Program program = make_program({network, plan}, delivery, rank);
      const RankMemory& memory = program.memory;
      EXPECT_EQ(memory.activations + memory.workspace + memory.messages, program.arena_bytes);
      EXPECT_EQ(memory.weights, Distribution(network, plan).weight_bytes(rank).total());
      const RankMemory& same = predicted[static_cast<std::size_t>(rank)];
      EXPECT_EQ(same.weights, memory.weights);
      EXPECT_EQ(same.activations, memory.activations);
      EXPECT_EQ(same.workspace, memory.workspace);
      EXPECT_EQ(same.messages, memory.messages);
      EXPECT_EQ(same.library, memory.library);
      EXPECT_EQ(same.results, memory.results);
      EXPECT_EQ(same.total(), memory.weights + memory.activations + memory.workspace +
                                  memory.messages + memory.library + memory.results);
    }
  });
}

}  // namespace
}  // namespace vpinfer
