#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "capi/c_status.h"
#include "core/io/utf8_path.h"
#include "core/threads/made_once.h"
#include "optim/raw_sizes.h"
#include "plastic/optim/optimizer_table.h"
#include "plastic/optim/raw.h"

using plastic::capi::guarded;
using plastic::capi::need;
using plastic::optim::OptimizerOption;
using plastic::optim::RawGroup;
using plastic::optim::RawOptimizer;
using plastic::optim::RawOption;
using plastic::optim::RawParameter;
using plastic::optim::RawPlace;
using plastic::optim::RawState;

struct plastic_optimizer {
  RawOptimizer optimizer;
  std::vector<std::size_t> counts = {};
  /// What a step passes on.
  std::vector<std::span<const float>> gradients = {};
  /// The names that diagnostics had so far, which never move.
  std::deque<std::string> names = {};
  std::vector<RawState> state = {};
};

namespace {

std::vector<RawOption> options_of(const char* op, const char* text) {
  std::vector<RawOption> options;
  if (text == nullptr) return options;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(one.size() == rest.size() ? rest.size() : one.size() + 1);
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos) {
      plastic::fail(op, "options have \"", one, "\"; they are key=value, separated by commas");
    }
    options.emplace_back(one.substr(0, equals), one.substr(equals + 1));
  }
  return options;
}

/// `before` parameters were given in groups before.
std::vector<RawParameter> parameters_of(const char* op, const plastic_parameter* parameters,
                                        std::size_t count, std::size_t before) {
  std::vector<RawParameter> all;
  for (const plastic_parameter& one : std::span(parameters, count)) {
    if (one.rank > 0) need(one.shape, op, "a parameter's shape");
    if (one.count > 0) need(one.values, op, "a parameter's values");
    all.push_back({{one.values, one.count}, plastic::Shape(std::span(one.shape, one.rank))});
    const std::string mismatch =
        plastic::optim::size_mismatch(before + all.size() - 1, one.count, all.back().shape);
    if (!mismatch.empty()) {
      throw plastic::capi::BadArgument(plastic::text_of("[", op, "] ", mismatch));
    }
  }
  return all;
}

/// A group's parameters and options, to which a RawGroup points.
struct GivenGroup {
  std::vector<RawParameter> parameters;
  std::vector<RawOption> options;
};

std::unique_ptr<plastic_optimizer> make(const char* op, const char* name,
                                        std::span<const plastic_parameter_group> groups,
                                        const RawPlace& place = {}) {
  std::vector<GivenGroup> given;
  std::vector<std::size_t> counts;
  for (const plastic_parameter_group& group : groups) {
    need(group.parameters, op, "parameters");
    given.push_back({parameters_of(op, group.parameters, group.count, counts.size()),
                     options_of(op, group.options)});
    for (const RawParameter& one : given.back().parameters) counts.push_back(one.values.size());
  }
  std::vector<RawGroup> all;
  for (const GivenGroup& group : given) all.push_back({group.parameters, group.options});
  auto made = std::make_unique<plastic_optimizer>(
      plastic_optimizer{.optimizer = RawOptimizer::of_groups(name, all, place)});
  made->gradients.resize(counts.size());
  made->counts = std::move(counts);
  made->state = made->optimizer.state();
  return made;
}

/// The options of an optimizer, kept for pointers into them; null for an unknown name.
const std::vector<OptimizerOption>* options_by_name(std::string_view name) {
  using Table = std::map<std::string, std::vector<OptimizerOption>, std::less<>>;
  static constinit std::atomic<const Table*> place{nullptr};
  const Table& table = plastic::made_once(place, [] {
    Table all;
    for (const auto& entry : plastic::optim::optimizer_table()) {
      all.emplace(entry.name, plastic::optim::options_of(entry));
    }
    return all;
  });
  const auto found = table.find(name);
  return found == table.end() ? nullptr : &found->second;
}

int32_t code_of(plastic::DType dtype) {
  if (dtype == plastic::DType::f64) return PLASTIC_F64;
  return dtype == plastic::DType::i64 ? PLASTIC_I64 : PLASTIC_F32;
}

[[noreturn]] void refuse_index(const char* op, const char* what, std::size_t index,
                               std::size_t count) {
  throw plastic::capi::BadArgument(
      plastic::text_of("[", op, "] no ", what, " ", index, "; indices are below ", count));
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

size_t plastic_optimizer_option_count(const char* name) {
  size_t count = 0;
  guarded(__func__, [&](const char* op) {
    need(name, op, "name");
    const std::vector<OptimizerOption>* options = options_by_name(name);
    if (options != nullptr) count = options->size();
  });
  return count;
}

plastic_status plastic_optimizer_option(const char* name, size_t index, plastic_option* option) {
  return guarded(__func__, [&](const char* op) {
    need(name, op, "name");
    need(option, op, "option");
    // Throws for an unknown name, listing those that there are.
    plastic::optim::find_optimizer(name);
    const std::vector<OptimizerOption>& options = *options_by_name(name);
    if (index >= options.size()) refuse_index(op, "option", index, options.size());
    const OptimizerOption& found = options[index];
    *option = {found.name.c_str(), found.values.c_str(), found.default_value.c_str()};
  });
}

plastic_status plastic_optimizer_create(const char* name, const char* options,
                                        const plastic_parameter* parameters, size_t count,
                                        plastic_optimizer** optimizer) {
  return guarded(__func__, [&](const char* op) {
    need(name, op, "name");
    need(parameters, op, "parameters");
    need(optimizer, op, "optimizer");
    const plastic_parameter_group group = {parameters, count, options};
    *optimizer = make(op, name, std::span(&group, 1)).release();
  });
}

plastic_status plastic_optimizer_create_groups(const char* name,
                                               const plastic_parameter_group* groups,
                                               size_t group_count, plastic_optimizer** optimizer) {
  return guarded(__func__, [&](const char* op) {
    need(name, op, "name");
    need(groups, op, "groups");
    need(optimizer, op, "optimizer");
    *optimizer = make(op, name, std::span(groups, group_count)).release();
  });
}

int32_t plastic_cuda_device_count(void) {
  int32_t count = 0;
  guarded(__func__, [&](const char*) {
    // All but the CPU.
    count = static_cast<int32_t>(plastic::available_devices().size()) - 1;
  });
  return count;
}

plastic_status plastic_optimizer_create_on_cuda(const char* name,
                                                const plastic_parameter_group* groups,
                                                size_t group_count, int32_t device, void* stream,
                                                plastic_optimizer** optimizer) {
  return guarded(__func__, [&](const char* op) {
    need(name, op, "name");
    need(groups, op, "groups");
    need(optimizer, op, "optimizer");
    const plastic::Device place = {plastic::DeviceType::cuda, device};
    *optimizer = make(op, name, std::span(groups, group_count), {place, stream}).release();
  });
}

plastic_status plastic_optimizer_set_stream(plastic_optimizer* optimizer, void* stream) {
  return guarded(__func__, [&](const char* op) {
    need(optimizer, op, "optimizer");
    optimizer->optimizer.set_stream(stream);
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

plastic_status plastic_optimizer_group_lr(const plastic_optimizer* optimizer, size_t group,
                                          double* lr) {
  return guarded(__func__, [&](const char* op) {
    need(optimizer, op, "optimizer");
    need(lr, op, "lr");
    const std::size_t count = optimizer->optimizer.group_count();
    if (group >= count) refuse_index(op, "group", group, count);
    *lr = optimizer->optimizer.lr(group);
  });
}

plastic_status plastic_optimizer_set_group_lr(plastic_optimizer* optimizer, size_t group,
                                              double lr) {
  return guarded(__func__, [&](const char* op) {
    need(optimizer, op, "optimizer");
    const std::size_t count = optimizer->optimizer.group_count();
    if (group >= count) refuse_index(op, "group", group, count);
    optimizer->optimizer.set_lr(lr, group);
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
        optimizer->optimizer.save(plastic::path_of_utf8(path));
      },
      PLASTIC_ERROR_FILE);
}

plastic_status plastic_optimizer_load(plastic_optimizer* optimizer, const char* path) {
  return guarded(
      __func__,
      [&](const char* op) {
        need(optimizer, op, "optimizer");
        need(path, op, "path");
        optimizer->optimizer.load(plastic::path_of_utf8(path));
      },
      PLASTIC_ERROR_FILE);
}

size_t plastic_optimizer_state_count(const plastic_optimizer* optimizer) {
  return optimizer == nullptr ? 0 : optimizer->state.size();
}

plastic_status plastic_optimizer_state(const plastic_optimizer* optimizer, size_t index,
                                       plastic_state* state) {
  return guarded(__func__, [&](const char* op) {
    need(optimizer, op, "optimizer");
    need(state, op, "state");
    if (index >= optimizer->state.size()) {
      refuse_index(op, "state", index, optimizer->state.size());
    }
    const RawState& found = optimizer->state[index];
    const std::size_t rank = found.shape.rank();
    *state = {found.name.c_str(),  code_of(found.dtype),
              found.values,        static_cast<std::size_t>(found.shape.numel()),
              found.shape.begin(), rank};
  });
}
