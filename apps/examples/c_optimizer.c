/* An optimizer of Plastic on the program's own buffers, in C: a line is fitted to points, with
 * gradients computed by hand. The state is saved on the way, and a second optimizer goes on. */
#include <plastic/c_api.h>
#include <stdio.h>
#include <stdlib.h>

enum { points = 64 };

/* The mean squared error of the line, and its gradient. */
static double loss_of(float slope, float offset, float* d_slope, float* d_offset) {
  double loss = 0;
  *d_slope = 0;
  *d_offset = 0;
  for (int i = 0; i < points; ++i) {
    const float x = (float)i / points;
    const float error = slope * x + offset - (3.0F * x - 1.0F);
    loss += (double)error * error / points;
    *d_slope += 2 * error * x / points;
    *d_offset += 2 * error / points;
  }
  return loss;
}

static void check(plastic_status status) {
  if (status == PLASTIC_OK) return;
  fprintf(stderr, "error %d: %s\n", (int)status, plastic_last_error());
  exit(1);
}

int main(void) {
  if (plastic_c_api_version() < PLASTIC_C_API_VERSION) {
    fprintf(stderr, "the library is older than its header\n");
    return 1;
  }
  float slope = 0, offset = 0, d_slope = 0, d_offset = 0;
  const int64_t one[] = {1};
  const plastic_parameter parameters[] = {{&slope, 1, one, 1}, {&offset, 1, one, 1}};
  const float* gradients[] = {&d_slope, &d_offset};

  plastic_optimizer* optimizer = NULL;
  check(plastic_optimizer_create("adam", "lr=0.1", parameters, 2, &optimizer));
  for (int step = 0; step < 200; ++step) {
    loss_of(slope, offset, &d_slope, &d_offset);
    check(plastic_optimizer_step(optimizer, gradients, 2));
  }
  check(plastic_optimizer_save(optimizer, "c_optimizer.safetensors"));
  plastic_optimizer_destroy(&optimizer);

  check(plastic_optimizer_create("adam", NULL, parameters, 2, &optimizer));
  check(plastic_optimizer_load(optimizer, "c_optimizer.safetensors"));
  check(plastic_optimizer_set_lr(optimizer, 0.01));
  for (int step = 0; step < 200; ++step) {
    loss_of(slope, offset, &d_slope, &d_offset);
    check(plastic_optimizer_step(optimizer, gradients, 2));
  }
  plastic_optimizer_destroy(&optimizer);

  const double loss = loss_of(slope, offset, &d_slope, &d_offset);
  printf("y = %.3f x + %.3f, loss %.2g\n", (double)slope, (double)offset, loss);
  return loss < 1e-5 ? 0 : 1;
}
