#include "core/tensor/constant_weight.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/device/backend.h"
#include "core/device/batch_sums.h"
#include "core/tensor/storage.h"
#include "core/tensor/tensor_impl.h"
#include "core/threads/fork.h"
#include "plastic/core/autograd.h"

namespace plastic {
namespace {

using Form = std::shared_ptr<const WeightForm>;

struct Entry {
  std::int64_t offset;
  std::uint64_t version;
  FormKind kind;
  Form form;
};

/// All forms of this process. Forms are freed by those who took them out, after the lock.
class Forms {
 public:
  /// Never destroyed: tensors of static storage ask after main().
  static Forms& instance() {
    static auto& forms = *new Forms;
    return forms;
  }

  /// False where a storage certainly has no forms. Storages are asked about far more often than
  /// they have any.
  bool may_have(const Storage* storage) const {
    return (mark(storage).load(std::memory_order_relaxed) & bit(storage)) != 0;
  }

  Form find(const Storage* storage, std::int64_t offset, std::uint64_t version,
            const FormKind& kind) {
    if (!may_have(storage)) return nullptr;
    const std::lock_guard lock(mutex_);
    const auto found = of_.find(storage);
    if (found == of_.end()) return nullptr;
    for (const Entry& entry : found->second) {
      if (entry.offset == offset && entry.version == version && entry.kind == kind) {
        return entry.form;
      }
    }
    return nullptr;
  }

  void keep(const Storage* storage, Entry entry) {
    std::vector<Entry> freed = take_stale(storage, entry.version);
    const std::size_t bytes = entry.form->bytes();
    const std::lock_guard lock(mutex_);
    if (bytes_ + bytes > limit()) take_all_stale(freed);
    if (bytes_ + bytes > limit()) return;
    std::vector<Entry>& entries = of_[storage];
    const bool is_there = std::ranges::any_of(entries, [&](const Entry& other) {
      return other.offset == entry.offset && other.version == entry.version &&
             other.kind == entry.kind;
    });
    // Another thread was first.
    if (is_there) return;
    entries.push_back(std::move(entry));
    bytes_ += bytes;
    mark(storage).fetch_or(bit(storage), std::memory_order_relaxed);
  }

  /// The forms of contents that a storage no longer has.
  std::vector<Entry> take_stale(const Storage* storage, std::uint64_t version) {
    return take(storage, [version](const Entry& entry) { return entry.version != version; });
  }
  std::vector<Entry> take(const Storage* storage) {
    return take(storage, [](const Entry&) { return true; });
  }

  std::vector<Entry> take_all() {
    std::vector<Entry> taken;
    const std::lock_guard lock(mutex_);
    for (auto& [storage, entries] : of_) {
      for (Entry& entry : entries) taken.push_back(std::move(entry));
    }
    of_.clear();
    bytes_ = 0;
    for (std::atomic<std::uint64_t>& marks : marks_) marks.store(0, std::memory_order_relaxed);
    return taken;
  }

  std::size_t bytes() {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }
  std::size_t limit() const { return limit_.load(std::memory_order_relaxed); }
  void set_limit(std::size_t bytes) { limit_.store(bytes, std::memory_order_relaxed); }

 private:
  static constexpr std::size_t mark_words = 64;

  static std::size_t hash(const Storage* storage) {
    return static_cast<std::size_t>(
        (reinterpret_cast<std::uintptr_t>(storage) * 0x9E3779B97F4A7C15U) >> 52);
  }
  std::atomic<std::uint64_t>& mark(const Storage* storage) { return marks_[hash(storage) / 64]; }
  const std::atomic<std::uint64_t>& mark(const Storage* storage) const {
    return marks_[hash(storage) / 64];
  }
  static std::uint64_t bit(const Storage* storage) {
    return std::uint64_t{1} << (hash(storage) % 64);
  }

  template <class Unwanted>
  std::vector<Entry> take(const Storage* storage, Unwanted unwanted) {
    std::vector<Entry> taken;
    if (!may_have(storage)) return taken;
    const std::lock_guard lock(mutex_);
    const auto found = of_.find(storage);
    if (found == of_.end()) return taken;
    move_out(found->second, unwanted, taken);
    if (found->second.empty()) of_.erase(found);
    return taken;
  }

  /// Requires the lock, which keeps storages from being destroyed.
  void take_all_stale(std::vector<Entry>& taken) {
    for (auto& [storage, entries] : of_) {
      const std::uint64_t version = storage->version();
      move_out(
          entries, [version](const Entry& entry) { return entry.version != version; }, taken);
    }
    std::erase_if(of_, [](const auto& of) { return of.second.empty(); });
  }

  template <class Unwanted>
  void move_out(std::vector<Entry>& entries, Unwanted unwanted, std::vector<Entry>& taken) {
    const auto rest = std::stable_partition(entries.begin(), entries.end(),
                                            [&](const Entry& entry) { return !unwanted(entry); });
    for (auto entry = rest; entry != entries.end(); ++entry) {
      bytes_ -= entry->form->bytes();
      taken.push_back(std::move(*entry));
    }
    entries.erase(rest, entries.end());
  }

  ForkSafeMutex mutex_;
  std::unordered_map<const Storage*, std::vector<Entry>> of_;
  std::size_t bytes_ = 0;
  std::atomic<std::size_t> limit_{std::size_t{512} << 20};
  /// A bit for every hash of a storage that has had forms.
  std::array<std::atomic<std::uint64_t>, mark_words> marks_{};
};

// Made before main(): a fork while another thread made it would leave the child waiting for it.
[[maybe_unused]] const Forms& made_early = Forms::instance();

/// Bytes of a weight of which no form is kept: one alone would fill much of the limit.
constexpr std::int64_t largest_weight = std::int64_t{64} << 20;

thread_local constinit const ConstantWeight* announced = nullptr;

}  // namespace

WeightForm::WeightForm(std::size_t bytes) : bytes_(bytes), data_(cpu_backend().allocate(bytes)) {}

WeightForm::~WeightForm() { cpu_backend().deallocate(data_, bytes_); }

ConstantWeight::ConstantWeight(const Tensor& weight)
    : ConstantWeight(weight, weight.defined() && grad_enabled() && weight.impl()->requires_grad) {}

ConstantWeight::ConstantWeight(const Tensor& weight, bool is_trained)
    : before_(announced), is_lasting_(!is_trained) {
  announced = this;
  if (!weight.defined() || weight.device().type != DeviceType::cpu) return;
  const TensorImpl& impl = *weight.impl();
  const std::int64_t bytes = impl.shape.numel() * static_cast<std::int64_t>(size_of(impl.dtype));
  if (bytes > largest_weight) return;
  const std::uint64_t version = impl.storage->version();
  if (is_trained && batch_sums() == nullptr) {
    Forms::instance().take_stale(impl.storage.get(), version);
    return;
  }
  storage_ = impl.storage.get();
  memory_ = impl.data();
  offset_ = impl.offset * static_cast<std::int64_t>(size_of(impl.dtype));
  version_ = version;
}

ConstantWeight::~ConstantWeight() { announced = before_; }

const ConstantWeight* ConstantWeight::at(const void* memory) {
  const bool is_announced =
      announced != nullptr && announced->storage_ != nullptr && announced->memory_ == memory;
  return is_announced ? announced : nullptr;
}

Form ConstantWeight::find(const FormKind& kind) const {
  return Forms::instance().find(storage_, offset_, version_, kind);
}

void ConstantWeight::keep(const FormKind& kind, Form form) const {
  Forms::instance().keep(storage_, {offset_, version_, kind, std::move(form)});
}

void forget_weight_forms(const Storage* storage) {
  Forms& forms = Forms::instance();
  if (forms.may_have(storage)) forms.take(storage);
}

void forget_weight_forms() { Forms::instance().take_all(); }

std::size_t weight_form_bytes() { return Forms::instance().bytes(); }
std::size_t weight_form_limit() { return Forms::instance().limit(); }
void set_weight_form_limit(std::size_t bytes) { Forms::instance().set_limit(bytes); }

}  // namespace plastic
