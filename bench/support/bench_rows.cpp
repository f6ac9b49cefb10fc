#include "bench/support/bench_rows.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

namespace tombolo::bench {
namespace {

[[noreturn]] void give_up(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(2);
}

/// "61.2 k" of 61234: three digits, and the power of a thousand.
std::string short_number(double value) {
  static constexpr std::array kSteps{std::pair(1e9, "G"), std::pair(1e6, "M"), std::pair(1e3, "k")};
  const char* suffix = "";
  for (const auto& [step, name] : kSteps) {
    if (std::abs(value) < step) continue;
    value /= step;
    suffix = name;
    break;
  }
  const double size = std::abs(value);
  const int decimals = size >= 100 || value == 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 4;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f %s", decimals, value, suffix);
  return text.data();
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) give_up("the median of nothing");
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) give_up("a percentile of nothing");
  std::ranges::sort(values);
  const double rank = std::ceil(share * static_cast<double>(values.size()));
  const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return values[std::min(index, values.size() - 1)];
}

Medians medians(int rounds,
                const std::function<double()>& ours,
                const std::function<double()>& peer) {
  std::vector<double> our_figures;
  std::vector<double> peer_figures;
  for (int round = 0; round < rounds; ++round) {
    if (round % 2 == 0) our_figures.push_back(ours());
    peer_figures.push_back(peer());
    if (round % 2 == 1) our_figures.push_back(ours());
  }
  return {median(std::move(our_figures)), median(std::move(peer_figures))};
}

PairedRatio paired_ratio(int rounds,
                         const std::function<double()>& ours,
                         const std::function<double()>& peer) {
  std::vector<double> ratios;
  for (int round = 0; round < rounds; ++round) {
    const bool is_first = round % 2 == 0;
    const double first = is_first ? ours() : peer();
    const double second = is_first ? peer() : ours();
    ratios.push_back(is_first ? first / second : second / first);
  }
  return {median(ratios), percentile(ratios, 0.25), percentile(ratios, 0.75)};
}

double median_of(int rounds, const std::function<double()>& ours) {
  std::vector<double> figures;
  for (int round = 0; round < rounds; ++round) figures.push_back(ours());
  return median(std::move(figures));
}

double seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Bench::Bench(int argc, char** argv) : name_(std::filesystem::path(argv[0]).filename()) {
  if (name_.ends_with("_bench")) name_.resize(name_.size() - 6);
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i];
    if (i + 1 == argc || (option != "--json" && option != "--only"))
      give_up("usage: " + name_ + "_bench [--json FILE] [--only TEXT]");
    (option == "--json" ? json_path_ : only_) = argv[i + 1];
  }
}

bool Bench::selects(std::string_view measure) const {
  return measure.find(only_) != std::string_view::npos;
}

void Bench::row(const Row& row) {
  if (!selects(row.measure)) return;
  const double ratio = row.ours / row.peer;
  // What could not be measured is not a number, and then it is not ok.
  const bool is_ok =
      !row.target || (row.better == Better::kMore ? ratio >= *row.target : ratio <= *row.target);
  const char* const status = !row.target ? "" : is_ok ? "ok" : "short";
  ++rows_;
  if (!is_ok) ++short_rows_;

  if (!has_header_)
    std::printf("%-58s %14s %14s %8s %10s\n", "measure", "ours", "peer", "ratio", "target");
  has_header_ = true;
  std::array<char, 32> target{};
  if (row.target)
    std::snprintf(target.data(),
                  target.size(),
                  "%s %.3f",
                  row.better == Better::kMore ? ">=" : "<=",
                  *row.target);
  std::printf("%-58s %14s %14s %8.3f %10s  %s\n",
              row.measure.c_str(),
              (short_number(row.ours) + row.unit).c_str(),
              (short_number(row.peer) + row.unit).c_str(),
              ratio,
              target.data(),
              status);
  std::fflush(stdout);

  if (json_path_.empty()) return;
  nlohmann::ordered_json json{{"bench", name_},
                              {"measure", row.measure},
                              {"ours", row.ours},
                              {"peer", row.peer},
                              {"unit", row.unit},
                              {"ratio", ratio},
                              {"better", row.better == Better::kMore ? "more" : "less"},
                              {"target", nullptr},
                              {"status", status}};
  if (row.target) json["target"] = *row.target;
  std::ofstream file(json_path_, std::ios::app);
  if (!(file << json.dump() << '\n' << std::flush)) give_up("cannot write to " + json_path_);
}

void Bench::note(std::string_view text) const {
  std::printf("    %.*s\n", static_cast<int>(text.size()), text.data());
  std::fflush(stdout);
}

int Bench::finish() const {
  if (rows_ == 0) give_up(name_ + "_bench: no measure contains '" + only_ + "'");
  if (short_rows_ > 0) std::printf("%d of %d rows are short\n", short_rows_, rows_);
  return short_rows_ > 0 ? 1 : 0;
}

}  // namespace tombolo::bench
