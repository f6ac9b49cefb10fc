#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What every benchmark prints: rows that compare us with a peer measured in the same run.
///
///     measure                      ours          peer     ratio   target
///     upload, 1,000 a commit   61.2 k/s      88.0 k/s     0.695  >= 0.600  ok
///
///     int main(int argc, char** argv) {
///       Bench bench{argc, argv};
///       if (bench.selects("scan")) {
///         const Medians scan = medians(5, [] { return rate_of_ours(); }, [] { return peers(); });
///         bench.row({.measure = "scan", .ours = scan.ours, .peer = scan.peer,
///                    .unit = "rows/s", .target = 1.2});
///       }
///       return bench.finish();
///     }
namespace tombolo::bench {

enum class Better { kMore, kLess };

struct Row {
  std::string measure;
  double ours = 0;
  /// What `ours` is compared with: another program, a floor, or the figure that was promised.
  double peer = 0;
  std::string unit;
  /// `ours / peer` must be at least this, or at most this where less is better; nullopt: the row
  /// informs and cannot fall short.
  std::optional<double> target;
  Better better = Better::kMore;
};

/// The medians of both sides of a row.
struct Medians {
  double ours = 0;
  double peer = 0;
};

/// The median; of an even number the mean of the two in the middle. Requires one value at least.
[[nodiscard]] double median(std::vector<double> values);
/// The smallest value that `share` (0 to 1) of `values` do not exceed. Requires one at least.
[[nodiscard]] double percentile(std::vector<double> values, double share);

/// Runs both sides in turn, `rounds` times, so that what disturbs the machine disturbs both; each
/// call answers the figure of one run. The side that goes first changes with each round.
[[nodiscard]] Medians medians(int rounds,
                              const std::function<double()>& ours,
                              const std::function<double()>& peer);
/// How much more one side takes than the other, in pairs of runs that follow each other.
struct PairedRatio {
  double median = 0;
  double quarter = 0;         ///< A quarter of the pairs have less,
  double three_quarters = 0;  ///< and three quarters.
};
/// Runs both sides like `medians` and compares those of one round: what changes slowly, as the
/// speed of a processor does, changes both. For differences that are smaller than the noise.
[[nodiscard]] PairedRatio paired_ratio(int rounds,
                                       const std::function<double()>& ours,
                                       const std::function<double()>& peer);
[[nodiscard]] double median_of(int rounds, const std::function<double()>& ours);

/// How long `work` takes, in seconds.
[[nodiscard]] double seconds(const std::function<void()>& work);

[[nodiscard]] inline double per_second(std::int64_t count, double seconds) {
  return static_cast<double>(count) / seconds;
}

/// The rows of one program.
///
///     --json FILE   appends a JSON object a row, on a line of its own
///     --only TEXT   only the measures whose name contains TEXT
class Bench {
 public:
  /// Ends the program with status 2 when it does not understand the arguments.
  Bench(int argc, char** argv);

  /// Whether the measure is to be taken: asks before the work that a row needs.
  [[nodiscard]] bool selects(std::string_view measure) const;
  /// Prints the row and keeps it; without effect when its measure was not selected.
  void row(const Row& row);
  /// Prints a line below the row that explains it.
  void note(std::string_view text) const;

  /// The program's exit status: 1 when a row was short.
  [[nodiscard]] int finish() const;

 private:
  std::string name_;
  std::string json_path_;
  std::string only_;
  bool has_header_ = false;
  int rows_ = 0;
  int short_rows_ = 0;
};

}  // namespace tombolo::bench
