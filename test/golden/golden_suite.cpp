#include "test/golden/golden_suite.h"

#include <exception>

namespace tombolo::test {

void GoldenReport::check(const std::string& name, const std::function<std::string()>& difference) {
  std::string found;
  try {
    found = difference();
  } catch (const std::exception& error) {
    found = error.what();
  }
  if (found.empty()) {
    ++passed_;
  } else {
    failures_.push_back(name + ": " + found);
  }
}

}  // namespace tombolo::test
