#pragma once

/// First in, first out, in one piece of memory. Where a std::deque has memory from the beginning,
/// one that was never used has none: connections are many, and most of their queues wait for
/// nothing. A little memory is kept from one peak to the next, much is given back.

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace iscsi::wire {

/// References to elements hold until the next change.
template <class T>
class Queue {
 public:
  Queue() = default;
  Queue(const Queue&) = default;
  Queue& operator=(const Queue&) = default;
  /// Leaves `other` empty.
  Queue(Queue&& other) noexcept
      : elements_{std::move(other.elements_)}, gone_{std::exchange(other.gone_, 0)} {}
  Queue& operator=(Queue&& other) noexcept {
    elements_ = std::move(other.elements_);
    gone_ = std::exchange(other.gone_, 0);
    return *this;
  }
  ~Queue() = default;

  [[nodiscard]] bool empty() const { return gone_ == elements_.size(); }
  [[nodiscard]] std::size_t size() const { return elements_.size() - gone_; }
  [[nodiscard]] T& front() { return elements_[gone_]; }
  [[nodiscard]] const T& front() const { return elements_[gone_]; }
  [[nodiscard]] auto begin() { return waiting(elements_).begin(); }
  [[nodiscard]] auto end() { return waiting(elements_).end(); }
  [[nodiscard]] auto begin() const { return waiting(elements_).begin(); }
  [[nodiscard]] auto end() const { return waiting(elements_).end(); }

  template <class... Arguments>
  T& emplace_back(Arguments&&... arguments) {
    return elements_.emplace_back(std::forward<Arguments>(arguments)...);
  }
  void push_back(T element) { elements_.push_back(std::move(element)); }

  void pop_front() {
    elements_[gone_++] = T{};  // what it held is free now, not when the others have gone
    if (gone_ * 2 < elements_.size()) return;
    // Each element moves at most once for each that has gone.
    elements_.erase(elements_.begin(), elements_.begin() + static_cast<std::ptrdiff_t>(gone_));
    gone_ = 0;
    give_back();
  }
  /// How many were taken out.
  template <class Predicate>
  std::size_t erase_if(Predicate predicate) {
    const auto others = std::ranges::remove_if(*this, predicate);
    const std::size_t erased = others.size();
    elements_.resize(elements_.size() - erased);
    give_back();
    return erased;
  }
  /// For how many there is memory.
  [[nodiscard]] std::size_t capacity() const { return elements_.capacity(); }
  void clear() {
    elements_.clear();
    gone_ = 0;
  }

 private:
  /// Behind those that have gone.
  template <class Elements>
  [[nodiscard]] auto waiting(Elements& elements) const {
    return std::span{elements}.subspan(gone_);
  }

  void give_back() {
    if (elements_.capacity() > most_kept && elements_.size() < elements_.capacity() / 4)
      elements_.shrink_to_fit();
  }

  static constexpr std::size_t most_kept = 64;
  std::vector<T> elements_;
  std::size_t gone_ = 0;  // of its elements, from the front
};

}  // namespace iscsi::wire
