#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <vector>

#include "test/golden/apply_suites.h"
#include "test/golden/changeset_suites.h"
#include "test/golden/golden_suite.h"
#include "test/golden/merge_suites.h"
#include "test/golden/query_suites.h"
#include "test/golden/wire_suites.h"
#include "test/golden/writing_suites.h"
#include "test/support/data_file.h"

namespace {

using tombolo::test::GoldenReport;
using tombolo::test::GoldenSuite;

constexpr std::size_t kFailuresShown = 10;

/// Every suite there is; each area adds its own.
std::vector<GoldenSuite> all_suites() {
  std::vector<GoldenSuite> suites;
  for (auto* const area : {&tombolo::test::changeset_suites,
                           &tombolo::test::model_apply_suites,
                           &tombolo::test::store_apply_suites,
                           &tombolo::test::writing_suites,
                           &tombolo::test::merge_suites,
                           &tombolo::test::query_suites,
                           &tombolo::test::wire_suites}) {
    std::ranges::move(area(), std::back_inserter(suites));
  }
  return suites;
}

/// The reports of a suite; one of a single failure when its files cannot be read.
std::vector<GoldenReport> run(const GoldenSuite& suite, const std::filesystem::path& directory) {
  try {
    return suite.run(directory);
  } catch (const std::exception& error) {
    GoldenReport report(suite.name);
    report.check("reading", [&] { return std::string(error.what()); });
    return {report};
  }
}

void print(const GoldenReport& report) {
  std::printf("%s: %zu passed, %zu failed\n",
              report.file().c_str(),
              report.passed(),
              report.failures().size());
  for (const std::string& line : report.remarks()) std::printf("  %s\n", line.c_str());
  const std::size_t shown = std::min(report.failures().size(), kFailuresShown);
  for (std::size_t i = 0; i < shown; ++i)
    std::printf("  FAILED %s\n", report.failures()[i].c_str());
  if (report.failures().size() > shown) {
    std::printf("  and %zu more\n", report.failures().size() - shown);
  }
  std::fflush(stdout);
}

}  // namespace

/// tombolo-golden DIR: checks every file of reference vectors in DIR that it knows and prints a
/// line for each. Exits with 1 when a case failed or nothing was checked.
int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: tombolo-golden DIR\n");
    return 2;
  }
  const std::filesystem::path directory = argv[1];
  bool checked = false;
  bool failed = false;
  for (const GoldenSuite& suite : all_suites()) {
    if (!tombolo::test::data_file_exists(directory / suite.name)) continue;
    for (const GoldenReport& report : run(suite, directory)) {
      print(report);
      checked = true;
      failed = failed || !report.failures().empty();
    }
  }
  if (!checked) std::fprintf(stderr, "no file of reference vectors in %s\n", argv[1]);
  return failed || !checked ? 1 : 0;
}
