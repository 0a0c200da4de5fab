#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "core/check.h"
#include "core/device/batch_sums.h"
#include "core/tensor/tensor_impl.h"
#include "core/threads/float_mode.h"
#include "distributed/device_sums.h"
#include "distributed/lockstep.h"
#include "distributed/shard_gradients.h"
#include "distributed/shard_layout.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/distributed.h"

namespace plastic::distributed {
namespace {

/// The sequence that a shard draws from, far from the streams that programs number from 0.
Generator generator_of(const Generator& whole, int shard) {
  Generator own = whole;
  own.stream ^= (static_cast<std::uint64_t>(shard) + 1) << 40;
  return own;
}

/// Ranks that share out batches otherwise, or whose parameters differ, would add up what does not
/// belong together. Throws Error on all of them.
Communicator& checked(const optim::Optimizer& optimizer, const ShardOptions& options,
                      Communicator& among) {
  if (options.shards < 0) {
    fail("distributed", "a batch in ", options.shards, " shards; give 0 for one per rank, or more");
  }
  std::string text = "shards " + std::to_string(options.shards) + "\n";
  for (std::size_t i = 0; i < optimizer.parameter_count(); ++i) {
    const Tensor& parameter = optimizer.parameter(i);
    text += "parameter " + std::to_string(i) + " " + to_string(parameter.shape());
    text += parameter.device().type == DeviceType::cpu ? " on a CPU\n" : " on a CUDA device\n";
  }
  check_same("batch in shards", text, among);
  return among;
}

/// What a rank did of a batch. All others did the same, or what is summed up is not one batch.
struct RankFacts {
  std::int64_t batch = 0;
  /// Numbers that each of its shards gave.
  std::uint64_t numbers = 0;
  Generator start = {};
  /// How far the shard that drew most went.
  std::uint64_t drawn = 0;
};

/// Throws Error on all ranks.
void check_alike(std::span<const RankFacts> ranks) {
  const bool has_drawn = std::ranges::any_of(ranks, [](const RankFacts& r) { return r.drawn > 0; });
  const RankFacts& first = ranks.front();
  for (std::size_t r = 1; r < ranks.size(); ++r) {
    const RankFacts& other = ranks[r];
    if (other.batch != first.batch) {
      fail("distributed", "rank ", r, " computed its part of a batch of ", other.batch,
           " examples, rank 0 of one of ", first.batch, "; all ranks must take the same batches");
    }
    if (other.numbers != first.numbers) {
      fail("distributed", "a shard of rank ", r, " gave ", other.numbers,
           " numbers, one of rank 0 ", first.numbers, "; give equally many");
    }
    if (has_drawn && other.start != first.start) {
      fail("distributed", "rank ", r, " draws from a generator with seed ", other.start.seed,
           ", stream ", other.start.stream, " and offset ", other.start.offset,
           ", rank 0 from one with ", first.start.seed, ", ", first.start.stream, " and ",
           first.start.offset, "; begin all ranks with the same, and draw equally from it on all");
    }
  }
}

/// What each shard of a batch gives, equally many numbers, added up along the tree: `mine` are
/// those of the shards that this rank computed, one after the other.
std::vector<double> sum_over_shards(const ShardLayout& layout, std::int64_t batch,
                                    std::span<const double> mine, std::size_t count,
                                    Communicator& among) {
  const std::size_t per_rank = static_cast<std::size_t>(layout.max_shards()) * count;
  std::vector<double> own(per_rank);
  std::ranges::copy(mine, own.begin());
  std::vector<double> all(per_rank * static_cast<std::size_t>(layout.ranks()));
  among.all_gather(std::as_bytes(std::span(own)), std::as_writable_bytes(std::span(all)));
  std::vector<KnownSum<double>> known;
  for (int r = 0; r < layout.ranks(); ++r) {
    const TreeNode shards = layout.shards_of(r);
    for (int s = shards.first; s < shards.last; ++s) {
      const std::size_t at = static_cast<std::size_t>(r) * per_rank +
                             static_cast<std::size_t>(s - shards.first) * count;
      known.push_back({{s, s + 1}, s < batch ? all.data() + at : nullptr});
    }
  }
  std::vector<double> sum(count);
  TreeSum<double>(layout.tree(), std::move(known)).write(0, std::ssize(sum), sum.data());
  return sum;
}

}  // namespace

class ShardedBackward::Impl {
 public:
  Impl(optim::Optimizer& optimizer, const ShardOptions& options, Communicator& among)
      : among_(checked(optimizer, options, among)),
        is_plain_(options.shards == 0),
        layout_(is_plain_ ? among.size() : options.shards, among.size()),
        generator_(options.generator != nullptr ? *options.generator : default_generator()),
        gradients_(optimizer, DeviceSums::make(device_of(optimizer), among)) {}

  const ShardLayout& layout() const { return layout_; }
  Communicator& among() const { return among_; }

  std::vector<double> run(std::int64_t batch,
                          const std::function<ShardResult(const Shard&)>& forward) {
    if (batch < 1) fail("distributed", "a batch of ", batch, " examples; it needs at least one");
    const TreeNode computed = layout_.computed_by(among_.rank(), batch);
    const int count = computed.leaves();
    const FloatMode mode = FloatMode::of_this_thread();
    const Generator start = generator_;
    generators_.clear();
    for (int s = computed.first; s < computed.last; ++s) {
      generators_.push_back(generator_of(start, s));
    }
    numbers_.assign(static_cast<std::size_t>(count), {});
    met_.clear();
    batch_ = batch;
    gradients_.begin(count);
    try {
      lockstep_.run(count, turns(), [&](int index) {
        mode.apply();
        Sums sums(*this, index);
        const BatchPart part(sums);
        const Shard shard{.index = computed.first + index,
                          .rows = shard_rows(batch, layout_.shards(), computed.first + index)};
        ShardResult result = forward(shard);
        numbers_[static_cast<std::size_t>(index)] = std::move(result.numbers);
        const double share = static_cast<double>(shard.rows.count()) / static_cast<double>(batch);
        (result.loss * share).backward();
      });
    } catch (...) {
      generator_ = start;
      gradients_.begin(0);
      throw;
    }
    return finish(start);
  }

 private:
  /// The sums of batch normalisations, in which this rank's shards meet first.
  class Sums : public BatchSums {
   public:
    Sums(Impl& owner, int index) : owner_(owner), index_(index) {}
    void sum(std::span<double> numbers) override { owner_.sum(index_, numbers); }
    bool is_first() const override { return index_ == 0; }

   private:
    Impl& owner_;
    int index_;
  };

  Lockstep::Turns turns() {
    return {.enter =
                [this](int index) {
                  gradients_.enter(index);
                  exchange_generators(index);
                },
            .leave =
                [this](int index) {
                  exchange_generators(index);
                  gradients_.leave(index);
                }};
  }

  void exchange_generators(int index) {
    std::swap(generator_, generators_[static_cast<std::size_t>(index)]);
  }

  void sum(int index, std::span<double> numbers) {
    met_.insert(met_.end(), numbers.begin(), numbers.end());
    const std::size_t count = numbers.size();
    // By the time of the next sum, all shards have read this one.
    lockstep_.meet(index, [&] {
      summed_ = sum_over_shards(layout_, batch_, met_, count, among_);
      met_.clear();
    });
    std::ranges::copy(summed_, numbers.begin());
  }

  /// After the shards: what each has drawn, its numbers and gradients, over all ranks.
  std::vector<double> finish(const Generator& start) {
    const std::size_t count = numbers_.front().size();
    std::vector<double> mine;
    for (const std::vector<double>& numbers : numbers_) {
      if (numbers.size() != count) {
        fail("distributed", "a shard gave ", numbers.size(), " numbers, another ", count,
             "; give equally many");
      }
      mine.insert(mine.end(), numbers.begin(), numbers.end());
    }
    share_facts(start, count);
    std::vector<double> sums = sum_over_shards(layout_, batch_, mine, count, among_);
    gradients_.add_sums(layout_, batch_, is_plain_, present_on_any(), among_);
    return sums;
  }

  /// Moves the generator past what the shard that drew most has drawn, on any rank.
  void share_facts(const Generator& start, std::size_t numbers) {
    RankFacts own{.batch = batch_, .numbers = numbers, .start = start};
    for (const Generator& one : generators_) {
      own.drawn = std::max(own.drawn, one.offset - start.offset);
    }
    std::vector<RankFacts> all(static_cast<std::size_t>(layout_.ranks()));
    among_.all_gather(std::as_bytes(std::span(&own, 1)), std::as_writable_bytes(std::span(all)));
    check_alike(all);
    const auto most = std::ranges::max_element(all, {}, &RankFacts::drawn);
    generator_.offset = start.offset + most->drawn;
  }

  std::vector<std::uint64_t> present_on_any() {
    std::vector<std::uint64_t> own = gradients_.present();
    std::vector<std::uint64_t> all(own.size() * static_cast<std::size_t>(layout_.ranks()));
    among_.all_gather(std::as_bytes(std::span(own)), std::as_writable_bytes(std::span(all)));
    for (std::size_t i = 0; i < all.size(); ++i) own[i % own.size()] |= all[i];
    return own;
  }

  Communicator& among_;
  bool is_plain_;
  ShardLayout layout_;
  Generator& generator_;
  ShardGradients gradients_;
  Lockstep lockstep_;
  // The batch under way.
  std::int64_t batch_ = 0;
  std::vector<Generator> generators_;
  std::vector<std::vector<double>> numbers_;
  /// What the shards have given so far to the sum in which they are meeting.
  std::vector<double> met_;
  /// The sum before that one.
  std::vector<double> summed_;
};

ShardedBackward::ShardedBackward(optim::Optimizer& optimizer, const ShardOptions& options,
                                 Communicator& among)
    : impl_(std::make_unique<Impl>(optimizer, options, among)) {}

ShardedBackward::~ShardedBackward() = default;

int ShardedBackward::shards() const { return impl_->layout().shards(); }

Rows ShardedBackward::rows(std::int64_t batch) const {
  const TreeNode shards = impl_->layout().computed_by(impl_->among().rank(), batch);
  return {shard_rows(batch, impl_->layout().shards(), shards.first).first,
          shard_rows(batch, impl_->layout().shards(), shards.last - 1).last};
}

std::vector<double> ShardedBackward::run(std::int64_t batch,
                                         const std::function<ShardResult(const Shard&)>& forward) {
  return impl_->run(batch, forward);
}

}  // namespace plastic::distributed
