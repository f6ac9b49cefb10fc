#include "base/assertion.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/error.h"

namespace tombolo {

void throw_failed_assertion(const char* condition, const char* file, int line) {
  throw Error(ErrorCode::kInternal,
              std::string("assertion failed: ") + condition + " at " + file + ":" +
                  std::to_string(line));
}

void abort_on_failed_assertion(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "tombolo: fatal assertion failed: %s at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace tombolo
