#include "base/open_file_limit.h"

#include <cerrno>

#include <sys/resource.h>

#include "base/error.h"

namespace tombolo {

std::uint64_t raise_open_file_limit() {
  const auto check = [](int result, const char* call) {
    if (result == 0) return;
    throw Error(ErrorCode::kInternal,
                "the limit of open files cannot be raised",
                ForeignError{"errno", errno, call});
  };
  ::rlimit limit{};
  check(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
  limit.rlim_cur = limit.rlim_max;
  check(::setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
  return limit.rlim_cur;
}

std::string describe_open_file_limit() {
  std::string text = "too many open files";
  ::rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    text += ": this process may have " + std::to_string(limit.rlim_cur);
  }
  return text + "; start it with a higher limit (ulimit -n, or LimitNOFILE= of a service)";
}

}  // namespace tombolo
