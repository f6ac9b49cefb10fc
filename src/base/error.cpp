#include "base/error.h"

#include <utility>

namespace tombolo {

struct Error::Details {
  ErrorCode code;
  std::string message;
  std::optional<ForeignError> foreign;
  std::optional<Error> cause;
};

Error::Error(std::shared_ptr<const Details> details) : details_(std::move(details)) {}

Error::Error(ErrorCode code, std::string message)
    : Error(std::make_shared<const Details>(
          Details{code, std::move(message), std::nullopt, std::nullopt})) {}

Error::Error(ErrorCode code, std::string message, ForeignError foreign)
    : Error(std::make_shared<const Details>(
          Details{code, std::move(message), std::move(foreign), std::nullopt})) {}

Error Error::caused_by(ErrorCode code, std::string message, Error cause) {
  return Error(std::make_shared<const Details>(
      Details{code, std::move(message), std::nullopt, std::move(cause)}));
}

ErrorCode Error::code() const noexcept { return details_->code; }
const std::string& Error::message() const noexcept { return details_->message; }
const std::optional<ForeignError>& Error::foreign() const noexcept { return details_->foreign; }
const Error* Error::cause() const noexcept {
  return details_->cause ? &*details_->cause : nullptr;
}
const char* Error::what() const noexcept { return details_->message.c_str(); }

std::string Error::describe() const {
  std::string text = message();
  if (const auto& code = foreign()) {
    text += " (" + code->call + ": " + code->domain + " " + std::to_string(code->number) + ")";
  }
  if (const Error* why = cause()) text += "; because " + why->describe();
  return text;
}

}  // namespace tombolo
