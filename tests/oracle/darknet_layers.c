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
 * OUTPUT.bin, per layer: int32 rows, columns, channels, then float32 [channels][rows][columns].
 * Byte order is the machine's.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "darknet.h"

static void fail(const char* what, const char* which) {
  fprintf(stderr, "darknet_layers: %s: %s\n", what, which);
  exit(1);
}

static float uniform(float low, float high) {
  return low + (high - low) * (float)drand48();
}

static float normal(void) {
  const double radius = sqrt(-2 * log(1 - drand48()));
  return radius * cos(2 * M_PI * drand48());
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

/* Draws the weights of a convolutional or connected layer and scales them by what they make of the
 * given input. */
static void draw_weights(layer* l, network* net, double variance) {
  const int convolutional = l->type == CONVOLUTIONAL;
  const int filters = convolutional ? l->n : l->outputs;
  const int weights = convolutional ? l->nweights : l->inputs * l->outputs;
  const int points = convolutional ? l->out_w * l->out_h : 1;
  const ACTIVATION activation = l->activation;
  const float width = width_before(activation);

  fill_normal(l->weights, weights, 1 / sqrt((double)weights / filters));
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
  const double gain = sqrt((l->batch_normalize ? variance : width * width) / whole.variance);
  scal_cpu(weights, gain, l->weights, 1);
  fill_normal(l->biases, filters, 0.2f * width);
  if (!l->batch_normalize) return;

  scal_cpu(filters * points, gain, l->output, 1);
  const int many_points = points >= 16; /* otherwise a filter's own moments mean little */
  for (int f = 0; f < filters; ++f) {
    const moments own = moments_of(l->output + f * points, points);
    l->rolling_mean[f] = many_points ? own.mean : gain * whole.mean;
    l->rolling_variance[f] =
        uniform(0.9f, 1.1f) * (many_points ? fmax(own.variance, 0.05 * variance) : variance);
    l->scales[f] = width * uniform(0.8f, 1.2f);
  }
}

static float* read_floats(const char* path, int count) {
  float* values = calloc(count, sizeof(float));
  FILE* file = fopen(path, "rb");
  if (!file || fread(values, sizeof(float), count, file) != (size_t)count)
    fail("cannot read all of the input", path);
  fclose(file);
  return values;
}

static void write_random_weights(char* cfg, const char* seed, const char* variance,
                                 const char* input, char* output) {
  network* net = parse_network_cfg(cfg);
  set_batch_network(net, 1);
  srand48(atol(seed));
  network state = *net;
  state.train = 0;
  state.delta = 0;
  state.truth = 0;
  state.input = read_floats(input, net->inputs);
  for (int i = 0; i < net->n; ++i) {
    layer* l = &net->layers[i];
    state.index = i;
    if (l->type == CONVOLUTIONAL || l->type == CONNECTED) draw_weights(l, &state, atof(variance));
    l->forward(*l, state);
    state.input = l->output;
  }
  save_weights(net, output);
}

static void write_layers(char* cfg, char* weights, const char* input, const char* output) {
  network* net = load_network(cfg, weights, 0);
  set_batch_network(net, 1);
  network_predict(net, read_floats(input, net->inputs));

  FILE* file = fopen(output, "wb");
  if (!file) fail("cannot write", output);
  for (int i = 0; i < net->n; ++i) {
    const layer* l = &net->layers[i];
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
