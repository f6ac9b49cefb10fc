#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "base/error.h"

namespace tombolo {

/// A value, or the expected failure that the caller has to decide about. It has the shape of
/// `std::expected<T, Error>`, so that it can become that one day. Failures of the world (disk,
/// network) are thrown as `Error` instead.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// The value; throws the error when there is none.
  [[nodiscard]] T& value() & { return has_value() ? *std::get_if<0>(&state_) : throw error(); }
  [[nodiscard]] const T& value() const& {
    return has_value() ? *std::get_if<0>(&state_) : throw error();
  }
  [[nodiscard]] T&& value() && {
    return has_value() ? std::move(*std::get_if<0>(&state_)) : throw error();
  }

  [[nodiscard]] T& operator*() & noexcept { return *std::get_if<0>(&state_); }
  [[nodiscard]] const T& operator*() const& noexcept { return *std::get_if<0>(&state_); }
  [[nodiscard]] T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
  [[nodiscard]] T* operator->() noexcept { return std::get_if<0>(&state_); }
  [[nodiscard]] const T* operator->() const noexcept { return std::get_if<0>(&state_); }

  [[nodiscard]] const Error& error() const noexcept { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

  [[nodiscard]] bool has_value() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const {
    if (error_) throw *error_;
  }
  [[nodiscard]] const Error& error() const noexcept { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace tombolo
