#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error_code.h"

namespace tombolo {

/// The code of another library or of the operating system, as it came: nothing is lost when we
/// translate it. Example: {"lmdb", -30792, "mdb_put"}.
struct ForeignError {
  std::string domain;  ///< "lmdb", "errno", "openssl", "asio", "pg", "realm-sync".
  long number = 0;
  std::string call;  ///< The function or statement that failed.
};

/// One failure: our code, a sentence that names the thing and the place, the foreign code behind
/// it, and the chain of causes. It is both the error half of `Result` and what we throw.
///
/// Thread:  immutable and cheap to copy; may be passed between threads.
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message);
  Error(ErrorCode code, std::string message, ForeignError foreign);

  /// The same failure seen from one level up: `message` says what was being done, `cause` why not.
  [[nodiscard]] static Error caused_by(ErrorCode code, std::string message, Error cause);

  [[nodiscard]] ErrorCode code() const noexcept;
  [[nodiscard]] const std::string& message() const noexcept;
  [[nodiscard]] const std::optional<ForeignError>& foreign() const noexcept;
  [[nodiscard]] const Error* cause() const noexcept;  ///< Null at the end of the chain.

  /// The message, then the foreign code and the causes; what a log line shows.
  [[nodiscard]] std::string describe() const;
  [[nodiscard]] const char* what() const noexcept override;

 private:
  struct Details;
  explicit Error(std::shared_ptr<const Details> details);

  std::shared_ptr<const Details> details_;
};

}  // namespace tombolo
