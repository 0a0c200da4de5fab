#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "plastic/core/random.h"
#include "plastic/core/safetensors.h"
#include "plastic/core/state_dict.h"
#include "plastic/data/loader.h"
#include "plastic/data/tensor_loader.h"
#include "plastic/nn/module.h"
#include "plastic/optim/ema.h"
#include "plastic/optim/optimizer.h"
#include "plastic/optim/plateau.h"
#include "plastic/optim/schedule.h"

#pragma GCC visibility push(default)

namespace plastic {

/// What a training consists of, whose state is saved and restored together; null what it lacks.
struct TrainingParts {
  /// Parameters and buffers.
  nn::Module* model = nullptr;
  /// Of the model's parameters.
  optim::Optimizer* optimizer = nullptr;
  /// Of the optimizer's rates.
  optim::Scheduler* scheduler = nullptr;
  /// Likewise.
  optim::ReduceOnPlateau* plateau = nullptr;
  /// Of the model's parameters.
  optim::Ema* ema = nullptr;
  /// This one, or the next.
  data::Loader* loader = nullptr;
  /// For data that are not images.
  data::TensorLoader* tensor_loader = nullptr;
  /// Those that dropout and the like draw from, by names of one's choice: {"dropout", &generator},
  /// or &default_generator(). Loaders keep their own.
  std::map<std::string, Generator*> generators = {};
};

/// Between two steps, everything that later ones depend on: the parts' states, with "model.",
/// "optimizer.", "schedule.", "plateau.", "ema.", "generator." and "loader." before their names.
/// Tensors of model and optimizer share memory with these. Throws Error for two loaders.
StateDict training_state(const TrainingParts& parts);

/// Continues from `state`: training that is given the same parts, made with the same options and
/// data, goes on with the bits that it would have had. Throws Error, leaving all parts as they
/// were, for a part that the state lacks, a tensor that no part has, and what a part refuses. Needs
/// memory for a copy of the parts' state meanwhile.
void restore_training(const TrainingParts& parts, const StateDict& state);

/// Saves training_state() as a safetensors file, which is replaced as a whole: a kill at any moment
/// leaves the old file or the new one. `metadata` is the caller's, such as the epoch. Throws Error
/// naming the path, leaving the old file.
void save_training(const std::filesystem::path& path, const TrainingParts& parts,
                   const Metadata& metadata = {});

/// Restores the parts from a file of save_training(), and gives its metadata back. The file is not
/// trusted. Throws Error naming the path, leaving all parts as they were.
Metadata load_training(const std::filesystem::path& path, const TrainingParts& parts);

}  // namespace plastic

#pragma GCC visibility pop
