#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "capi/c_path.h"
#include "capi/c_status.h"
#include "optim/raw_sizes.h"
#include "plastic/optim/optimizer_table.h"
#include "plastic/optim/raw.h"

using plastic::capi::guarded;
using plastic::capi::need;
using plastic::optim::RawOptimizer;
using plastic::optim::RawOption;
using plastic::optim::RawParameter;

struct plastic_optimizer {
  RawOptimizer optimizer;
  std::vector<std::size_t> counts = {};
  /// What a step passes on.
  std::vector<std::span<const float>> gradients = {};
  /// The names that diagnostics had so far, which never move.
  std::deque<std::string> names = {};
};

namespace {

std::vector<RawOption> options_of(const char* text) {
  std::vector<RawOption> options;
  if (text == nullptr) return options;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(one.size() == rest.size() ? rest.size() : one.size() + 1);
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos) {
      plastic::fail("plastic_optimizer_create", "options have \"", one,
                    "\"; they are key=value, separated by commas");
    }
    options.emplace_back(one.substr(0, equals), one.substr(equals + 1));
  }
  return options;
}

std::vector<RawParameter> parameters_of(const plastic_parameter* parameters, std::size_t count) {
  std::vector<RawParameter> all;
  for (const plastic_parameter& one : std::span(parameters, count)) {
    if (one.rank > 0) need(one.shape, "plastic_optimizer_create", "a parameter's shape");
    if (one.count > 0) need(one.values, "plastic_optimizer_create", "a parameter's values");
    all.push_back({{one.values, one.count}, plastic::Shape(std::span(one.shape, one.rank))});
    const std::string mismatch =
        plastic::optim::size_mismatch(all.size() - 1, one.count, all.back().shape);
    if (!mismatch.empty()) {
      throw plastic::capi::BadArgument("[plastic_optimizer_create] " + mismatch);
    }
  }
  return all;
}

const char* kept_name(plastic_optimizer& handle, std::string_view name) {
  for (const std::string& known : handle.names) {
    if (known == name) return known.c_str();
  }
  return handle.names.emplace_back(name).c_str();
}

}  // namespace

size_t plastic_optimizer_name_count(void) {
  size_t count = 0;
  guarded(__func__, [&](const char*) { count = plastic::optim::optimizer_table().size(); });
  return count;
}

const char* plastic_optimizer_name(size_t index) {
  const char* name = nullptr;
  guarded(__func__, [&](const char*) {
    const auto& table = plastic::optim::optimizer_table();
    if (index < table.size()) name = table[index].name.c_str();
  });
  return name;
}

plastic_status plastic_optimizer_create(const char* name, const char* options,
                                        const plastic_parameter* parameters, size_t count,
                                        plastic_optimizer** optimizer) {
  return guarded(__func__, [&](const char* op) {
    need(name, op, "name");
    need(parameters, op, "parameters");
    need(optimizer, op, "optimizer");
    const std::vector<RawParameter> all = parameters_of(parameters, count);
    auto made = std::make_unique<plastic_optimizer>(
        plastic_optimizer{.optimizer = RawOptimizer(name, all, options_of(options))});
    for (const RawParameter& one : all) made->counts.push_back(one.values.size());
    made->gradients.resize(count);
    *optimizer = made.release();
  });
}

void plastic_optimizer_destroy(plastic_optimizer** optimizer) {
  if (optimizer == nullptr) return;
  delete *optimizer;
  *optimizer = nullptr;
}

plastic_status plastic_optimizer_step(plastic_optimizer* optimizer, const float* const* gradients,
                                      size_t count) {
  return guarded(__func__, [&](const char* op) {
    need(optimizer, op, "optimizer");
    need(gradients, op, "gradients");
    if (count != optimizer->counts.size()) {
      throw plastic::capi::BadArgument(plastic::text_of("[plastic_optimizer_step] ", count,
                                                        " gradients for ", optimizer->counts.size(),
                                                        " parameters; give one for each"));
    }
    for (std::size_t i = 0; i < count; ++i) {
      optimizer->gradients[i] = {gradients[i], gradients[i] == nullptr ? 0 : optimizer->counts[i]};
    }
    optimizer->optimizer.step(optimizer->gradients);
  });
}

plastic_status plastic_optimizer_gradient(plastic_optimizer* optimizer, size_t index,
                                          float** values, size_t* count) {
  return guarded(
      __func__,
      [&](const char* op) {
        need(optimizer, op, "optimizer");
        const std::span<float> place = optimizer->optimizer.gradient(index);
        if (values != nullptr) *values = place.data();
        if (count != nullptr) *count = place.size();
      },
      PLASTIC_ERROR_ARGUMENT);
}

plastic_status plastic_optimizer_lr(const plastic_optimizer* optimizer, double* lr) {
  return guarded(__func__, [&](const char* op) {
    need(optimizer, op, "optimizer");
    need(lr, op, "lr");
    *lr = optimizer->optimizer.lr();
  });
}

plastic_status plastic_optimizer_set_lr(plastic_optimizer* optimizer, double lr) {
  return guarded(__func__, [&](const char* op) {
    need(optimizer, op, "optimizer");
    optimizer->optimizer.set_lr(lr);
  });
}

plastic_status plastic_optimizer_set_epoch(plastic_optimizer* optimizer, int32_t epoch,
                                           int32_t total_epochs) {
  return guarded(__func__, [&](const char* op) {
    need(optimizer, op, "optimizer");
    optimizer->optimizer.set_epoch(epoch, total_epochs);
  });
}

plastic_status plastic_optimizer_eval(plastic_optimizer* optimizer) {
  return guarded(__func__, [&](const char* op) {
    need(optimizer, op, "optimizer");
    optimizer->optimizer.eval();
  });
}

plastic_status plastic_optimizer_train(plastic_optimizer* optimizer) {
  return guarded(__func__, [&](const char* op) {
    need(optimizer, op, "optimizer");
    optimizer->optimizer.train();
  });
}

plastic_status plastic_optimizer_diagnostics(plastic_optimizer* optimizer,
                                             plastic_diagnostic* diagnostics, size_t capacity,
                                             size_t* count) {
  return guarded(__func__, [&](const char* op) {
    need(optimizer, op, "optimizer");
    need(count, op, "count");
    if (capacity > 0) need(diagnostics, op, "diagnostics");
    const auto all = optimizer->optimizer.diagnostics();
    for (std::size_t i = 0; i < all.size() && i < capacity; ++i) {
      diagnostics[i] = {kept_name(*optimizer, all[i].name), all[i].value};
    }
    *count = all.size();
  });
}

plastic_status plastic_optimizer_save(const plastic_optimizer* optimizer, const char* path) {
  return guarded(
      __func__,
      [&](const char* op) {
        need(optimizer, op, "optimizer");
        need(path, op, "path");
        optimizer->optimizer.save(plastic::capi::path_of(path));
      },
      PLASTIC_ERROR_FILE);
}

plastic_status plastic_optimizer_load(plastic_optimizer* optimizer, const char* path) {
  return guarded(
      __func__,
      [&](const char* op) {
        need(optimizer, op, "optimizer");
        need(path, op, "path");
        optimizer->optimizer.load(plastic::capi::path_of(path));
      },
      PLASTIC_ERROR_FILE);
}
