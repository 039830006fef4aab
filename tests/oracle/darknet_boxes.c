/* Lets the original Darknet (libdarknet) say what it sees in a picture:
 *
 *   darknet_boxes boxes CFG WEIGHTS PICTURE letterbox|stretch THRESHOLD MAP|-
 *       prints a line `class score x y width height` for each box and class above the threshold,
 *       before suppression, centre and extent in pixels of the picture; with a MAP file, classes
 *       of a tree are counted by their place in it;
 *
 *   darknet_boxes classes CFG WEIGHTS PICTURE letterbox|stretch COUNT
 *       prints a line `class score` for the likeliest classes, of a tree only leaves.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "darknet.h"

enum { MAPPED_CLASSES = 200 }; /* as many as Darknet reads of a map, however long it is */

static void fail(const char* why) {
  fprintf(stderr, "darknet_boxes: %s\n", why);
  exit(1);
}

static image resized(image picture, const network* net, const char* how) {
  if (strcmp(how, "letterbox") == 0) return letterbox_image(picture, net->w, net->h);
  if (strcmp(how, "stretch") == 0) return resize_image(picture, net->w, net->h);
  fail("letterbox or stretch?");
  return picture;
}

/* The classes of a map file, zeros behind them, and how many it has. */
static int read_padded_map(const char* path, int* map) {
  int count = 0;
  FILE* file = fopen(path, "r");
  if (!file) fail("cannot read the map");
  memset(map, 0, MAPPED_CLASSES * sizeof *map);
  while (count < MAPPED_CLASSES && fscanf(file, "%d", &map[count]) == 1) ++count;
  fclose(file);
  return count;
}

/* Without a GPU Darknet normalises a region's tree across the wrong elements, boxes included, as it
 * takes the number of a channel for that of a value.  This does what it does with a GPU. */
static void redo_tree(const network* net) {
  const layer head = net->layers[net->n - 1];
  if (head.type != REGION || !head.softmax_tree) return;
  const int cells = head.w * head.h;
  const tree* classes = head.softmax_tree;
  for (int i = 0; i < head.n * cells; ++i) {
    const int first = i / cells * (head.classes + 5) * cells + i % cells;
    float* in = net->layers[net->n - 2].output + first;
    float* out = head.output + first;
    for (int entry = 0; entry < 5; ++entry) {
      const float value = in[entry * cells];
      const int is_extent = entry == 2 || entry == 3;
      out[entry * cells] = is_extent ? value : 1 / (1 + expf(-value));
    }
    for (int group = 0; group < classes->groups; ++group) {
      const int at = (5 + classes->group_offset[group]) * cells;
      softmax(in + at, classes->group_size[group], 1, cells, out + at);
    }
  }
}

static void print_boxes(network* net, image picture, float threshold, const char* map_path) {
  int map[MAPPED_CLASSES];
  const int classes = net->layers[net->n - 1].classes; /* the boxes themselves may not know */
  const int mapped = strcmp(map_path, "-") == 0 ? 0 : read_padded_map(map_path, map);
  int count = 0;
  redo_tree(net);
  const detection* found =
      get_network_boxes(net, picture.w, picture.h, threshold, 0.5f, mapped ? map : 0, 0, &count);
  for (int i = 0; i < count; ++i) {
    const box b = found[i].bbox;
    for (int j = 0; j < (mapped ? mapped : classes); ++j) {
      const float score = found[i].prob[j];
      if (score > threshold) printf("%d %.9g %.9g %.9g %.9g %.9g\n", j, score, b.x, b.y, b.w, b.h);
    }
  }
}

static void print_classes(const network* net, float* probabilities, int count) {
  if (net->hierarchy) hierarchy_predictions(probabilities, net->outputs, net->hierarchy, 1, 1);
  int* best = calloc(count, sizeof(int));
  top_k(probabilities, net->outputs, count, best);
  for (int i = 0; i < count; ++i) printf("%d %.9g\n", best[i], probabilities[best[i]]);
}

int main(int argc, char** argv) {
  if (argc < 7) fail("see the comment at its top");
  const int boxes = strcmp(argv[1], "boxes") == 0;
  if (boxes && argc < 8) fail("THRESHOLD and MAP are missing");
  network* net = load_network(argv[2], argv[3], 0);
  set_batch_network(net, 1);
  const image picture = load_image_color(argv[4], 0, 0);
  float* result = network_predict(net, resized(picture, net, argv[5]).data);
  if (boxes) {
    print_boxes(net, picture, atof(argv[6]), argv[7]);
  } else {
    print_classes(net, result, atoi(argv[6]));
  }
  return 0;
}
