#include <gtest/gtest.h>

#include <algorithm>

#include "kernel/convolution/pooled.hpp"
#include "kernel/workers.hpp"
#include "plan/geometry.hpp"
#include "search/planner.hpp"
#include "support/distributed_run.hpp"
#include "support/program_simulator.hpp"
#include "support/random_network.hpp"

namespace vpinfer {
namespace {

/// A convolution and a pooling, the last two of a network.
SeededModel pooled_model(const Shape& shape, const Convolution& conv, const MaxPool& pool) {
  SeededModel model;
  add_input(model.network, shape, "test");
  add_layer(model.network, conv, {0}, "test");
  add_layer(model.network, pool, {1}, "test");
  model.weights = seeded_weights(model.network, 1);
  return model;
}

/// A box of the pooling, from exactly the inputs that it needs.
std::vector<float> compute(const SeededModel& model, ConvolutionAlgorithm algorithm,
                           const std::vector<float>& input, const Box& box, int strip_rows,
                           ThreadPool& pool) {
  const Network& network = model.network;
  const Shape& shape = network.input_shape();
  const PooledConvolution both = pooled_convolution(network, 1, 2);
  const Box read = required_input(network, 1, 0, both.convolved(box));
  std::vector<float> inputs(read.elements());
  copy_box(ConstTensorView{input.data(), whole(shape)}, TensorView{inputs.data(), read}, read);
  const WeightShape all = weight_shape(network, 1);
  const WeightStorage storage{algorithm == ConvolutionAlgorithm::kPlain ? WeightForm::kRows
                                                                        : WeightForm::kPanels};
  std::vector<float> weights = model.weights[1].weights;
  if (storage.form == WeightForm::kPanels) {
    weights.resize(stored_bytes(storage, all) / sizeof(float));
    pack(all, model.weights[1].weights, storage.format, std::as_writable_bytes(std::span(weights)));
  }
  constexpr float kGuard = 12345.5F;
  const std::size_t floats =
      pooled_workspace(both, algorithm, shape.channels, box, strip_rows, pool.threads());
  std::vector<float> workspace(floats + 64, kGuard);
  std::vector<float> outputs(box.elements());
  const WeightSlice slice{all.range(), storage, std::as_bytes(std::span(weights)),
                          model.weights[1].biases};
  convolve_and_pool(both, strip_rows,
                    {both.convolution,
                     algorithm,
                     slice,
                     shape,
                     {inputs.data(), read},
                     {outputs.data(), box},
                     box,
                     {{0, shape.channels}},
                     {workspace.data(), floats}},
                    {pool});
  EXPECT_TRUE(std::all_of(workspace.end() - 64, workspace.end(), [](float value) {
    return value == kGuard;
  })) << "written behind the workspace";
  return outputs;
}

TEST(ConvolveAndPool, GivesWhatTheTwoLayersGive) {
  const Shape shape{21, 13, 3};
  const Window window{3, 1, 1, 1};
  Random random(1);
  for (const Window& pooling : {Window{2, 2, 0, 0}, Window{2, 2, 0, 1}, Window{3, 3, 1, 1},
                                Window{1, 2, 0, 0}, Window{3, 2, 1, 1}}) {
    const SeededModel model = pooled_model(shape, {33, 1, window, window}, {pooling, pooling});
    const std::vector<float> input = seeded_input(model.network, 1);
    const std::vector<float> expected = reference_run(model.network, model.weights, input)[2];
    const Shape& out = model.network.layer(2).output;
    for (const int threads : {1, 2, 5}) {
      ThreadPool pool(threads);
      for (const int strip_rows : {1, 2, 3, 100}) {
        const Box box = strip_rows == 3 ? whole(out) : random_box(whole(out), random);
        std::vector<float> part(box.elements());
        copy_box(ConstTensorView{expected.data(), whole(out)}, TensorView{part.data(), box}, box);
        for (const auto algorithm :
             {ConvolutionAlgorithm::kPlain, ConvolutionAlgorithm::kDirect,
              ConvolutionAlgorithm::kWinograd2x2, ConvolutionAlgorithm::kWinograd4x4}) {
          expect_close(compute(model, algorithm, input, box, strip_rows, pool), part, 1e-5F,
                       to_string(box));
        }
      }
    }
  }
}

TEST(UsualStripRows, CutManyRowsInWholeTiles) {
  const Convolution conv{32, 1, {}, {}};
  const auto rows = [&](const Shape& between, const Window& window, int threads = 1) {
    const MaxPool pool{window, window};
    const PooledConvolution both{conv, pool, between};
    const Shape pooled{between.rows / window.stride, between.cols / window.stride, 32};
    return usual_strip_rows(both, whole(pooled), threads);
  };
  EXPECT_EQ(rows({416, 416, 32}, {2, 2}), 2);
  EXPECT_EQ(rows({104, 104, 32}, {2, 2}), 4);
  EXPECT_EQ(rows({104, 104, 32}, {2, 2}, 4), std::nullopt) << "too few for the threads";
  EXPECT_EQ(rows({26, 26, 32}, {2, 2}), std::nullopt) << "too few to be worth it";
  EXPECT_EQ(rows({416, 416, 32}, {3, 2}), std::nullopt) << "strips would have rows in common";
}

/// Two convolutions with a pooling between them, so high that four ranks pool in strips.
SeededModel high_model() {
  const Window window{3, 1, 1, 1};
  const Window pooling{2, 2, 0, 0};
  SeededModel model = pooled_model({440, 37, 3}, {24, 1, window, window}, {pooling, pooling});
  add_layer(model.network, Convolution{12, 1, window, window}, {2}, "test");
  model.weights = seeded_weights(model.network, 1);
  return model;
}

/// Calls check(plan, what it is) for plans of some strategies on 1 to 4 ranks.
template <typename Check>
void for_some_plans(const Network& network, const Check& check) {
  for (const Strategy strategy : {Strategy::kSingle, Strategy::kData, Strategy::kVertical}) {
    for (const int ranks : {1, 2, 3, 4}) {
      check(make_plan(network, strategy, ranks),
            std::string(to_string(strategy)) + " on " + std::to_string(ranks));
    }
  }
}

bool pools_in_strips(const Program& program) {
  return std::any_of(program.steps.begin(), program.steps.end(), [](const Step& step) {
    const auto* compute = std::get_if<step::Compute>(&step);
    return compute != nullptr && compute->computation.strips;
  });
}

TEST(Program, PoolsInStripsWhatNobodyElseReads) {
  const SeededModel model = high_model();
  const Delivery delivery{3};
  for_some_plans(model.network, [&](const Plan& plan, const std::string& what) {
    SCOPED_TRACE(what);
    const Program program = make_program({model.network, plan}, delivery, 0);
    EXPECT_TRUE(pools_in_strips(program));
    EXPECT_TRUE(program.tensor(1).written.box.empty());
    ProgramSimulator({model.network, plan}, delivery, 0, program).run();
    EXPECT_FALSE(pools_in_strips(make_program({model.network, plan}, {1, 3}, 0)));
  });
}

TEST(Executor, PoolsInStrips) {
  const SeededModel model = high_model();
  const std::vector<float> input = seeded_input(model.network, 1);
  const std::vector<float> expected = reference_run(model.network, model.weights, input)[3];
  const Delivery delivery{3};
  for_some_plans(model.network, [&](const Plan& plan, const std::string& what) {
    DistributedRun run(model, plan, delivery, {input});
    run.run(1);
    expect_close(run.frames().front().at(3), expected, 1e-5F, what);
  });
}

TEST(Executor, SharesStripsOutToThreads) {
  const SeededModel model = high_model();
  const std::vector<float> input = seeded_input(model.network, 1);
  const std::vector<float> expected = reference_run(model.network, model.weights, input)[3];
  const Plan plan = make_plan(model.network, Strategy::kSingle, 1);
  const Delivery delivery{3};
  for (const int threads : {2, 3, 20}) {  // the last get no strips
    DistributedRun run(model, plan, delivery, {input}, threads);
    run.run(1);
    expect_close(run.frames().front().at(3), expected, 1e-5F, std::to_string(threads));
  }
}

}  // namespace
}  // namespace vpinfer
