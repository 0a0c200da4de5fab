/* A network that `plastic train` saved, in a C program: c_classify RUN. It classifies an image of
 * its own making, a white rectangle on black, which a network of digits should take for a 1. */
#include <plastic/c_api.h>
#include <stdio.h>
#include <stdlib.h>

static void check(plastic_status status) {
  if (status == PLASTIC_OK) return;
  fprintf(stderr, "error %d: %s\n", (int)status, plastic_last_error());
  exit(1);
}

static int is_in_stroke(int64_t y, int64_t x, const plastic_model_info* info) {
  return y >= info->height / 5 && y < info->height * 4 / 5 && x >= info->width * 13 / 28 &&
         x < info->width * 16 / 28;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: c_classify RUN\n");
    return 2;
  }
  plastic_model* model = NULL;
  check(plastic_model_load(argv[1], &model));
  plastic_model_info info = {.struct_size = sizeof(info)};
  check(plastic_model_get_info(model, &info));

  const size_t pixels = (size_t)(info.channels * info.height * info.width);
  const size_t classes = (size_t)info.classes;
  float* image = malloc(pixels * sizeof(float));
  float* logits = malloc(classes * sizeof(float));
  if (image == NULL || logits == NULL) return 1;
  float* next = image;
  for (int64_t c = 0; c < info.channels; ++c) {
    for (int64_t y = 0; y < info.height; ++y) {
      for (int64_t x = 0; x < info.width; ++x) {
        const float byte = is_in_stroke(y, x, &info) ? 255.0F : 0.0F;
        *next++ = (byte / 255.0F - info.mean[c]) / info.deviation[c];
      }
    }
  }
  check(plastic_model_run(model, 1, image, pixels, logits, classes));

  size_t best = 0;
  for (size_t i = 1; i < classes; ++i) {
    if (logits[i] > logits[best]) best = i;
  }
  printf("%s on %s, epoch %d: it is a %s\n", info.model, info.data, (int)info.epoch,
         info.class_names[best]);
  free(image);
  free(logits);
  plastic_model_destroy(&model);
  return 0;
}
