#pragma once

#include <filesystem>
#include <string>

#include "plastic/core/safetensors.h"
#include "plastic/core/state_dict.h"
#include "plastic/nn/saved_classifier.h"

namespace plastic::nn {

// Files are not trusted. Functions that take the path of a file or folder name it in their errors.

/// As JSON, which files keep as "data".
std::string to_text(const ClassifierForm& form);

/// Reads that back. The model is left empty where an older file does not say it.
ClassifierForm parse_classifier_form(const std::string& origin, const std::string& text);

/// What the header of a network's file says, before anything is made of it.
struct ClassifierFile {
  std::filesystem::path weights;
  SafetensorsInfo info;
  ClassifierForm form;
  int epoch = 0;
};

/// Of the folder of a run, or of one file of a network.
ClassifierFile read_classifier_file(const std::filesystem::path& run);

/// The network itself, which is `file.form.model`.
SavedClassifier load_classifier(ClassifierFile file);

}  // namespace plastic::nn
