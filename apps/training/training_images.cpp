#include "apps/training/training_images.h"

#include <algorithm>

#include "apps/training/training_part.h"

namespace plastic::apps {

data::Batch training_images(const TrainConfig& config, const data::ImageDataset& all,
                            std::int64_t count) {
  const TrainingPart part = training_part(config, all);
  data::Loader loader(part.train,
                      {.batch_size = std::min(count, part.train.size()),
                       .generator = {.seed = config.seed, .stream = streams::sampled_images}});
  data::Batch batch;
  loader.start_epoch();
  loader.next(batch);
  return batch;
}

}  // namespace plastic::apps
