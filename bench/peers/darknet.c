/* Times Darknet's library on a case, see timing.py:
 *     darknet FOLDER THREADS FRAMES OUTPUT.bin|-
 * It has one thread whatever THREADS says.
 */
#include "darknet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { kWarmUpFrames = 2, kPathBytes = 4096 };

static FILE* open_or_fail(const char* path, const char* mode) {
  FILE* file = fopen(path, mode);
  if (file) return file;
  perror(path);
  exit(1);
}

static char* path_in(const char* folder, const char* name) {
  char* path = malloc(kPathBytes);
  snprintf(path, kPathBytes, "%s/%s", folder, name);
  return path;
}

static float* read_picture(const char* path, int count) {
  float* values = malloc(count * sizeof(float));
  FILE* file = open_or_fail(path, "rb");
  if (fread(values, sizeof(float), count, file) != (size_t)count) exit(1);
  fclose(file);
  return values;
}

static void write_outputs(const network* net, const char* numbers, const char* output) {
  FILE* list = open_or_fail(numbers, "r");
  FILE* file = open_or_fail(output, "wb");
  int number;
  while (fscanf(list, "%d", &number) == 1)
    fwrite(net->layers[number].output, sizeof(float), net->layers[number].outputs, file);
  fclose(list);
  if (fclose(file) != 0) exit(1);
}

static double milliseconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e3 * now.tv_sec + 1e-6 * now.tv_nsec;
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const char* folder = argv[1];
  const int frames = atoi(argv[3]);
  network* net =
      load_network(path_in(folder, "network.cfg"), path_in(folder, "network.weights"), 0);
  set_batch_network(net, 1);
  float* picture = read_picture(path_in(folder, "input.bin"), net->inputs);

  for (int i = 0; i < kWarmUpFrames; ++i) network_predict(net, picture);
  double* milliseconds = malloc(frames * sizeof(double));
  for (int i = 0; i < frames; ++i) {
    const double begin = milliseconds_now();
    network_predict(net, picture);
    milliseconds[i] = milliseconds_now() - begin;
  }
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  if (strcmp(argv[4], "-") != 0) write_outputs(net, path_in(folder, "outputs.txt"), argv[4]);

  printf("\n{\"milliseconds\": [");
  for (int i = 0; i < frames; ++i) printf("%s%.3f", i ? ", " : "", milliseconds[i]);
  printf("], \"peak_rss_bytes\": %ld, \"version\": \"Darknet\"}\n", 1024 * usage.ru_maxrss);
  return 0;
}
