/* Lets the original Darknet (libdarknet) be the judge, in two ways:
 *
 *   darknet_layers random CFG SEED VARIANCE INPUT.bin OUTPUT.weights
 *       fills the network with seeded weights, normalised layer by layer on the given input so
 *       that activations stay of order one, and has Darknet write them as a weights file;
 *       VARIANCE is that of a layer's values before batch normalisation;
 *
 *   darknet_layers run CFG WEIGHTS INPUT.bin OUTPUT.bin
 *       loads that file as any Darknet program does and writes the output of every layer.
 *
 * INPUT.bin: float32 [channels][rows][columns].
 * OUTPUT.bin, per layer: int32 rows, columns, channels, then float32 [channels][rows][columns];
 * one row and one column if Darknet gives the layer no extents (softmax, detection, reorg extra).
 * Byte order is the machine's.
 *
 * In two places Darknet's own buffers are not what the layer stands for. Dropout and cost do
 * nothing at inference, and cost leaves zeros: both are shown as their input. And region with a
 * tree: this version's CPU code takes an entry's number for its place and divides by a temperature
 * of 0; the outputs are made here as its GPU code makes them, with Darknet's softmax.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "darknet.h"

/* libdarknet has it, its header has not. */
void activate_array(float* values, const int count, const ACTIVATION activation);

static _Noreturn void fail(const char* what, const char* which) {
  fprintf(stderr, "darknet_layers: %s: %s\n", what, which);
  exit(1);
}

static uint64_t random_state;

/* Splitmix64: some of the networks have 300 million weights. */
static uint64_t random_word(void) {
  uint64_t word = random_state += 0x9e3779b97f4a7c15u;
  word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
  word = (word ^ word >> 27) * 0x94d049bb133111ebu;
  return word ^ word >> 31;
}

static float uniform(float low, float high) {
  return low + (high - low) * (float)(random_word() >> 40) / (1 << 24);
}

/* Nearly normal, of deviation 1: the sum of four uniform numbers. */
static float normal(void) {
  const uint64_t word = random_word();
  const int32_t sum =
      (word & 0xffff) + (word >> 16 & 0xffff) + (word >> 32 & 0xffff) + (word >> 48);
  return (sum - 2 * 0xffff) * (1.7320508f / 0x10000);
}

static void fill_normal(float* values, int count, float deviation) {
  for (int i = 0; i < count; ++i) values[i] = deviation * normal();
}

typedef struct {
  double mean, variance;
} moments;

static moments moments_of(const float* values, int count) {
  double sum = 0, squares = 0;
  for (int i = 0; i < count; ++i) sum += values[i];
  const double mean = sum / count;
  for (int i = 0; i < count; ++i) squares += (values[i] - mean) * (values[i] - mean);
  return (moments){mean, squares / count};
}

/* How wide the values before an activation must be for it to show all its pieces. */
static float width_before(ACTIVATION activation) {
  switch (activation) {
    case PLSE: return 4;
    case STAIR: return 3;
    case LOGISTIC:
    case LOGGY: return 2;
    default: return 1;
  }
}

/* What is added to another layer's output is a little narrower, or a hundred such sums would grow
 * out of proportion. */
static float share_of_sum(const network* net, int index) {
  return index + 1 < net->n && net->layers[index + 1].type == SHORTCUT ? 0.4f : 1;
}

/* Draws scales, means and variances for a layer whose output holds the values to normalise; a
 * filter's own moments mean little at a few points. */
static void draw_normalisation(layer* l, int filters, int points, double variance, double mean,
                               float width) {
  const int many_points = points >= 16;
  for (int f = 0; f < filters; ++f) {
    const moments own = moments_of(l->output + f * points, points);
    l->rolling_mean[f] = many_points ? own.mean : mean;
    l->rolling_variance[f] =
        uniform(0.9f, 1.1f) * (many_points ? fmax(own.variance, 0.05 * variance) : variance);
    l->scales[f] = width * uniform(0.8f, 1.2f);
  }
}

/* Draws the weights of a convolutional, connected or local layer and scales them by what they make
 * of the given input, and leaves the layer's output. A connected or local layer is one of as many
 * filters as outputs, each at one point. */
static void draw_weights(layer* l, network* net, double variance) {
  const int convolutional = l->type == CONVOLUTIONAL;
  const int filters = convolutional ? l->n : l->outputs;
  const int points = convolutional ? l->out_w * l->out_h : 1;
  const int channels = convolutional ? l->c / l->groups : l->c;
  const int fan_in = l->type == CONNECTED ? l->inputs : l->size * l->size * channels;
  const int weights = filters * fan_in;
  const ACTIVATION activation = l->activation;
  const float width = width_before(activation) * share_of_sum(net, net->index);

  fill_normal(l->weights, weights, 1 / sqrt(fan_in));
  fill_cpu(filters, 0, l->biases, 1);
  if (l->batch_normalize) {
    fill_cpu(filters, 1, l->scales, 1);
    fill_cpu(filters, 0, l->rolling_mean, 1);
    fill_cpu(filters, 1, l->rolling_variance, 1);
  }
  l->activation = LINEAR;
  l->forward(*l, *net);
  l->activation = activation;

  const moments whole = moments_of(l->output, filters * points);
  const double wanted = l->batch_normalize ? variance : width * width;
  const double gain = whole.variance > 0 ? sqrt(wanted / whole.variance) : 1;
  scal_cpu(weights, gain, l->weights, 1);
  scal_cpu(filters * points, gain, l->output, 1);
  fill_normal(l->biases, filters, 0.2f * width);
  if (l->batch_normalize)
    draw_normalisation(l, filters, points, variance, gain * whole.mean, width);

  for (int f = 0; f < filters; ++f) {
    float* values = l->output + f * points;
    if (l->batch_normalize) {
      const float scale = l->scales[f] / (sqrtf(l->rolling_variance[f]) + 1e-6f);
      for (int i = 0; i < points; ++i) values[i] = scale * (values[i] - l->rolling_mean[f]);
    }
    for (int i = 0; i < points; ++i) values[i] += l->biases[f];
  }
  activate_array(l->output, filters * points, activation);
}

static float* read_floats(const char* path, int count) {
  float* values = calloc(count, sizeof(float));
  FILE* file = fopen(path, "rb");
  if (!file || fread(values, sizeof(float), count, file) != (size_t)count)
    fail("cannot read all of the input", path);
  fclose(file);
  return values;
}

/* The layer whose buffer and shape layer `index` shows. */
static const layer* shown_layer(const network* net, int index) {
  while (index > 0 && (net->layers[index].type == DROPOUT || net->layers[index].type == COST))
    --index;
  return &net->layers[index];
}

static void write_random_weights(char* cfg, const char* seed, const char* variance,
                                 const char* input, char* output) {
  network* net = parse_network_cfg(cfg);
  set_batch_network(net, 1);
  random_state = strtoull(seed, NULL, 10);
  network state = *net;
  state.train = 0;
  state.delta = 0;
  state.truth = 0;
  state.input = read_floats(input, net->inputs);
  for (int i = 0; i < net->n; ++i) {
    layer* l = &net->layers[i];
    state.index = i;
    switch (l->type) {
      case CONVOLUTIONAL:
      case CONNECTED:
      case LOCAL:
        draw_weights(l, &state, atof(variance)); /* forward included */
        break;
      case DECONVOLUTIONAL:
      case BATCHNORM:
      case RNN:
      case GRU:
      case LSTM:
      case CRNN: fail("has a layer whose weights are not drawn", cfg);
      default: l->forward(*l, state);
    }
    state.input = shown_layer(net, i)->output;
  }
  save_weights(net, output);
}

/* What region with a tree stands for: x, y and objectness logistic, classes softmax in each group
 * of the tree. */
static void redo_region_with_tree(const layer* l, float* input) {
  const int cells = l->w * l->h;
  const int entries = l->coords + 1 + l->classes;
  memcpy(l->output, input, l->outputs * sizeof(float));
  for (int anchor = 0; anchor < l->n; ++anchor) {
    float* from = input + (size_t)anchor * entries * cells;
    float* to = l->output + (size_t)anchor * entries * cells;
    activate_array(to, 2 * cells, LOGISTIC);
    if (!l->background) activate_array(to + l->coords * cells, cells, LOGISTIC);
    for (int group = 0; group < l->softmax_tree->groups; ++group) {
      const int first = (l->coords + 1 + l->softmax_tree->group_offset[group]) * cells;
      for (int cell = first; cell < first + cells; ++cell)
        softmax(from + cell, l->softmax_tree->group_size[group], 1, cells, to + cell);
    }
  }
}

static void write_layers(char* cfg, char* weights, const char* input, const char* output) {
  network* net = load_network(cfg, weights, 0);
  set_batch_network(net, 1);
  network_predict(net, read_floats(input, net->inputs));

  FILE* file = fopen(output, "wb");
  if (!file) fail("cannot write", output);
  for (int i = 0; i < net->n; ++i) {
    const layer* l = shown_layer(net, i);
    if (l->type == REGION && l->softmax_tree)
      redo_region_with_tree(l, i > 0 ? net->layers[i - 1].output : net->input);
    const int boxlike = l->out_h * l->out_w * l->out_c == l->outputs;
    const int32_t shape[3] = {boxlike ? l->out_h : 1, boxlike ? l->out_w : 1,
                              boxlike ? l->out_c : l->outputs};
    fwrite(shape, sizeof shape, 1, file);
    fwrite(l->output, sizeof(float), l->outputs, file);
  }
  if (fclose(file) != 0) fail("cannot write", output);
}

int main(int argc, char** argv) {
  if (argc == 7 && strcmp(argv[1], "random") == 0) {
    write_random_weights(argv[2], argv[3], argv[4], argv[5], argv[6]);
  } else if (argc == 6 && strcmp(argv[1], "run") == 0) {
    write_layers(argv[2], argv[3], argv[4], argv[5]);
  } else {
    fail("usage",
         "darknet_layers random CFG SEED VARIANCE INPUT WEIGHTS | run CFG WEIGHTS INPUT OUTPUT");
  }
  return 0;
}
