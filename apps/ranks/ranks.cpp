#include "apps/ranks/ranks.h"

#include <cstdlib>
#include <iostream>
#include <span>
#include <sstream>
#include <streambuf>
#include <vector>

#include "apps/cli/config_reader.h"
#include "apps/cli/option_table.h"
#include "apps/cli/values.h"
#include "apps/terminal/standard_streams.h"
#include "apps/terminal/system_terminal.h"
#include "apps/training/interrupt.h"
#include "core/check.h"
#include "distributed/end.h"
#include "plastic/core/device.h"
#include "plastic/distributed.h"

namespace plastic::apps {
namespace {

/// Takes everything and keeps nothing.
class NullBuffer : public std::streambuf {
 protected:
  int_type overflow(int_type symbol) override { return traits_type::not_eof(symbol); }
  std::streamsize xsputn(const char*, std::streamsize count) override { return count; }
};

/// "name dtype shape", a line per tensor.
std::string layout_of(const StateDict& state) {
  std::string text;
  for (const auto& [name, tensor] : state) {
    text += name + "\n" + name_of(tensor.dtype());
    for (const std::int64_t size : tensor.shape()) text += " " + std::to_string(size);
    text += "\n";
  }
  return text;
}

std::string broadcast_text(const std::string& text) {
  const std::vector<std::byte> bytes = distributed::broadcast_bytes(std::as_bytes(std::span(text)));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Tensors as layout_of() has described them, whatever they contain.
StateDict empty_state(const std::string& layout) {
  StateDict state;
  std::istringstream lines(layout);
  std::string name;
  std::string line;
  while (std::getline(lines, name) && std::getline(lines, line)) {
    std::istringstream words(line);
    std::string dtype;
    words >> dtype;
    std::vector<std::int64_t> sizes;
    for (std::int64_t size = 0; words >> size;) sizes.push_back(size);
    for (const DType one : {DType::f32, DType::f64, DType::i64, DType::u8, DType::bf16}) {
      if (dtype == name_of(one)) {
        state.push_back({name, Tensor::zeros(Shape(sizes), {.dtype = one})});
      }
    }
  }
  return state;
}

int cuda_devices() { return static_cast<int>(available_devices().size()) - 1; }

}  // namespace

void join_ranks() {
  // Open MPI gives its processes terminals of their own, whatever it writes to itself.
  if (std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr && !parent_shows_on_terminal()) {
    hide_terminals();
  }
  distributed::init();
  if (distributed::size() == 1) return;
  interrupt_as_rank(distributed::rank() == 0);
  // An mpirun that is ending its ranks reads nothing.
  drop_output_where(interrupted);
  if (distributed::rank() == 0) return;
  // Never destroyed: std::cout is flushed after everything else.
  static auto* const nothing = new NullBuffer;
  std::cout.rdbuf(nothing);
}

std::string message_prefix() {
  if (!distributed::is_initialized() || distributed::rank() == 0) return "";
  distributed::let_first_rank_speak();
  return "rank " + std::to_string(distributed::rank()) + ": ";
}

void leave_ranks(int code) {
  constexpr int failed = 1;
  constexpr int wrong_usage = 2;
  if (!distributed::is_initialized() || distributed::size() == 1) return;
  if (code != failed && code != wrong_usage) return;
  distributed::end_ranks(code);
}

void check_is_alone(const std::string& what) {
  if (distributed::size() == 1) return;
  throw UsageError(what + " runs in one process, and this is one of " +
                   std::to_string(distributed::size()) + "; start it without mpirun");
}

void check_same_command(const std::string& command) { distributed::check_same("command", command); }

Device device_of_rank(Device asked) {
  if (distributed::size() == 1) return asked;
  return device_of_rank(asked, distributed::local_rank(), distributed::local_size(), cuda_devices(),
                        std::getenv("CUDA_VISIBLE_DEVICES") != nullptr);
}

Device device_of_rank(Device asked, int rank, int ranks, int devices, bool is_chosen) {
  // A device that is named is meant, and so is the only one that a rank was given.
  if (asked.type != DeviceType::cuda || asked.index > 0) return asked;
  if (is_chosen && devices == 1) return asked;
  if (rank < devices) return {.type = DeviceType::cuda, .index = rank};
  fail("distributed", ranks, " ranks on this machine, and ", devices,
       devices == 1 ? " CUDA device" : " CUDA devices",
       "; each rank needs one of its own: start no more ranks than that, or use --device cpu");
}

Device device_of_runs(Device asked) {
  if (distributed::size() == 1 || asked.type == DeviceType::cpu) return asked;
  return device_of_runs(asked, distributed::local_rank(), cuda_devices());
}

Device device_of_runs(Device asked, int rank, int devices) {
  // A device that is named is meant. Where there is none, whoever asks for it says so.
  if (asked.type != DeviceType::cuda || asked.index > 0 || devices < 1) return asked;
  return {.type = DeviceType::cuda, .index = rank % devices};
}

void check_ranks_agree(const std::string& config, const std::string& data) {
  if (distributed::size() == 1) return;
  std::string deciding;
  for (const ConfigEntry& entry : parse_config("config.toml", config)) {
    const Option* const option = find_option(entry.key);
    if (option != nullptr && option->effect == Effect::none) continue;
    deciding += entry.key + " = " + entry.value + "\n";
  }
  distributed::check_same_processor();
  distributed::check_same("configuration", deciding);
  distributed::check_same("data set", data);
}

std::optional<Checkpoint> share_checkpoint(const std::optional<Checkpoint>& of_first_rank) {
  if (distributed::size() == 1) return of_first_rank;
  const bool is_first = distributed::rank() == 0;
  if (!distributed::any(of_first_rank.has_value())) return std::nullopt;
  Checkpoint shared;
  if (is_first) shared = *of_first_rank;
  shared.epoch = std::stoi(broadcast_text(std::to_string(shared.epoch)));
  shared.config = broadcast_text(shared.config);
  shared.data = broadcast_text(shared.data);
  const std::string layout = broadcast_text(layout_of(shared.state));
  if (!is_first) shared.state = empty_state(layout);
  distributed::broadcast(shared.state);
  return shared;
}

}  // namespace plastic::apps
