#include "tests/apps/microscope/probe_text.h"

namespace plastic::test {

using nlohmann::ordered_json;

ProbeText::ProbeText()
    : header(ordered_json::parse(R"({"format": 1, "optimizer": "neuroplastic", "every": 10,
        "steps_per_epoch": 20, "sample": 4096,
        "tensors": [{"name": "fc.weight", "shape": [2, 3], "count": 6},
                    {"name": "fc.bias", "shape": [2], "count": 2}],
        "signals": [{"name": "alpha", "low": 0, "high": 2, "scale": "linear", "clips": true}],
        "quantiles": [0.25, 0.5, 0.75], "bins": 4})")) {}

ordered_json ProbeText::step(int number) const {
  ordered_json json = ordered_json::parse(R"({"step": 0, "epoch": 1, "loss": 0.5, "lr": 0.02,
      "weight_norm": [4, 2], "gradient_norm": [1, 0.5], "update_norm": [0.04, 0.04],
      "cosine": [0.25, null],
      "numbers": {"norm_clip": [1, 0.5], "gain": [1.01, 0.99], "activity_share": [0.5, 0.4],
                  "gradient_share": [0.3, 0.4], "memory_share": [0.2, 0.2]},
      "signals": {"alpha": {"mean": [1.25, 0.75], "deviation": [0.5, 0.25], "at_low": [0.1, 0],
                            "at_high": [0.3, 0.5], "quantiles": [[0.5, 1, 1.5], [0.4, 0.8, 1.2]],
                            "histogram": [[1, 2, 2, 1], [0, 1, 0, 1]]}}})");
  json["step"] = number;
  json["epoch"] = 1 + (number - 1) / header["steps_per_epoch"].get<int>();
  return json;
}

ProbeText& ProbeText::add(const ordered_json& step) {
  steps_.push_back(step);
  return *this;
}

ProbeText& ProbeText::add_steps(int count) {
  const int every = header["every"].get<int>();
  for (int i = 1; i <= count; ++i) add(step(i * every));
  return *this;
}

std::string ProbeText::text() const {
  std::string text = header.dump() + "\n";
  for (const ordered_json& step : steps_) text += step.dump() + "\n";
  return text;
}

}  // namespace plastic::test
