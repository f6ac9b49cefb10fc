#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace tombolo::test {

/// What checking one file of reference vectors came to.
class GoldenReport {
 public:
  explicit GoldenReport(std::string file) : file_(std::move(file)) {}

  /// Runs one case: `difference` returns what differs, or "" when all is as it should be. What it
  /// throws is a failure too.
  void check(const std::string& name, const std::function<std::string()>& difference);
  /// Adds a line for the reader, such as how many cases are left out and why.
  void remark(std::string line) { remarks_.push_back(std::move(line)); }

  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  [[nodiscard]] std::size_t passed() const noexcept { return passed_; }
  /// A line for each case that failed: its name and what differs.
  [[nodiscard]] const std::vector<std::string>& failures() const noexcept { return failures_; }
  [[nodiscard]] const std::vector<std::string>& remarks() const noexcept { return remarks_; }

 private:
  std::string file_;
  std::size_t passed_ = 0;
  std::vector<std::string> failures_;
  std::vector<std::string> remarks_;
};

/// The check of one file or folder of reference vectors. `run` takes the directory that holds it
/// and gives a report for each file; files may be packed (see test/support/data_file.h).
struct GoldenSuite {
  std::string name;  ///< Path of the file or folder inside the directory.
  std::function<std::vector<GoldenReport>(const std::filesystem::path& directory)> run;
};

}  // namespace tombolo::test
