#pragma once

#include <cstdint>
#include <string>

#include "apps/training/training.h"
#include "plastic/optim/probe.h"

namespace plastic::apps {

/// The first line of probe.jsonl: "format" (1), "optimizer", "every", "steps_per_epoch", "sample",
/// "tensors" (each with name, shape and count), "signals" (each with name, low, high, scale,
/// clips), "quantiles" (which) and "bins" (how many); with the line's end.
std::string probe_header(const optim::Probe& probe, const std::string& optimizer,
                         std::int64_t steps_per_epoch);

/// One line of probe.jsonl, a step: "step" (over all epochs), "epoch", "loss", "lr", arrays over
/// the tensors, "weight_norm", "gradient_norm", "update_norm" and "cosine", "numbers", an object of
/// arrays over the tensors, and "signals", an object for each of mean, deviation, at_low, at_high,
/// quantiles and histogram, again arrays over the tensors; with the line's end. null stands for a
/// tensor that the step did not update and for a number that does not exist or is not finite.
/// Numbers have the digits of an f32.
std::string probe_line(const optim::Probe& probe, const ProbedStep& step);

/// The step of a line, of which the beginning is enough; 0 where it is no such line.
std::int64_t step_of_probe_line(const std::string& beginning);

}  // namespace plastic::apps
