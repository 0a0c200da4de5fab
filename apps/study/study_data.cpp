#include "apps/study/study_data.h"

#include "apps/training/images_text.h"

namespace plastic::apps {

const data::DatasetPair& StudyData::of(const RunOptions& options) { return set_of(options).data; }

const std::string& StudyData::images_of(const RunOptions& options) {
  return set_of(options).images;
}

const StudyData::Set& StudyData::set_of(const RunOptions& options) {
  RunOptions own = options;
  if (data_dir_) own.data_dir = data_dir_;
  const std::string key = own.data + "\n" + own.data_dir.value_or("").string() + "\n" +
                          std::to_string(image_size(own)) + "\n" +
                          std::to_string(static_cast<int>(orientation(own))) + "\n" +
                          (own.skip_bad_images ? "skip" : "");
  const auto found = sets_.find(key);
  if (found != sets_.end()) return found->second;
  data::DatasetPair data = load_data(own);
  std::string images = images_text(data);
  return sets_.emplace(key, Set{std::move(data), std::move(images)}).first->second;
}

}  // namespace plastic::apps
