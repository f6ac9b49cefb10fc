#include "server/session_error.h"

#include <utility>

namespace tombolo::server {
namespace {

using protocol::SyncErrorCode;

/// How soon clients come back when the server itself was the problem.
constexpr protocol::RetryDelay kOverloadDelay{
    std::chrono::seconds(5), std::chrono::seconds(300), 2};

Error make_error(ErrorCode code, SyncErrorCode sync_code, std::string message) {
  return Error(
      code, std::move(message), ForeignError{"realm-sync", static_cast<long>(sync_code), ""});
}

}  // namespace

Error session_error(SyncErrorCode code, std::string message) {
  return make_error(ErrorCode::kProtocolViolation, code, std::move(message));
}

Error client_reset_error(SyncErrorCode code, std::string message) {
  return make_error(ErrorCode::kClientReset, code, std::move(message));
}

protocol::ServerError to_server_error(const Error& error, SessionIdent session) {
  if (const auto code = protocol::sync_error_code(error)) {
    protocol::ServerError answer = protocol::make_server_error(*code, session, error.message());
    if (error.code() == ErrorCode::kClientReset) {
      answer.action = protocol::Action::kClientReset;
      answer.should_client_reset = true;
    }
    return answer;
  }
  protocol::ServerError answer = protocol::make_server_error(
      SyncErrorCode::kOtherSessionError, session, "the server cannot do this now");
  answer.action = protocol::Action::kTransient;
  answer.try_again = true;
  answer.retry_delay = kOverloadDelay;
  return answer;
}

}  // namespace tombolo::server
